using System.Globalization;

namespace Ambient.Linux;

/// <summary>The pages of program files that this process has mapped.</summary>
public static unsafe class CodePages
{
    /// <summary>
    /// Unmaps the code and constants that were used so far, most of them only at start. What is needed again comes back from
    /// the page cache by a minor fault; nothing is read from disk while memory is not short.
    /// </summary>
    /// <returns>Bytes that were resident in what was let go.</returns>
    /// <remarks>
    /// Only unwritable mappings of files in which no page was changed, as relocation does before it protects them: there the
    /// file has the same bytes. Any thread; others may run the code meanwhile.
    /// </remarks>
    public static long Release()
    {
        var released = 0L;
        (nuint Start, nuint End) mapping = default;
        long resident = 0;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.StartsWith("Rss:", StringComparison.Ordinal)) resident = KiloBytes(line);
            else if (line.StartsWith("Anonymous:", StringComparison.Ordinal) && KiloBytes(line) == 0 && mapping.End > 0 && resident > 0)
                released += Release(mapping.Start, mapping.End, resident);
            else if (char.IsAsciiHexDigitLower(line[0]) && line.Contains('-')) mapping = ParseUnwritableFile(line);
        }
        return released;
    }

    private static long Release(nuint start, nuint end, long resident) =>
        CallResult.Of(Libc.madvise((void*)start, end - start, Libc.MADV_DONTNEED)).Succeeded ? resident : 0;

    // 5581d6a0c000-5581d6a0e000 r-xp 00002000 fe:00 1234   /usr/bin/ztunnel
    private static (nuint, nuint) ParseUnwritableFile(string line)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 6 || fields[1] is not ("r-xp" or "r--p") || fields[5][0] != '/') return default;
        var dash = fields[0].IndexOf('-');
        return (Hex(fields[0].AsSpan(0, dash)), Hex(fields[0].AsSpan(dash + 1)));
    }

    private static nuint Hex(ReadOnlySpan<char> digits) => nuint.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // Rss:                2540 kB
    private static long KiloBytes(string line)
    {
        var number = line.AsSpan(line.IndexOf(':') + 1).Trim();
        return long.Parse(number[..number.IndexOf(' ')], CultureInfo.InvariantCulture) * 1024;
    }
}
