using System.Globalization;

namespace Ambient.Linux;

/// <summary>The pages of program code that this process has mapped.</summary>
public static unsafe class CodePages
{
    /// <summary>
    /// Unmaps the code that was used so far, most of it only at start. What is needed again comes back from the page cache by
    /// a minor fault; nothing is read from disk while memory is not short.
    /// </summary>
    /// <returns>Bytes of address space that were let go; how much of it was resident is not known.</returns>
    /// <remarks>
    /// Only executable, unwritable mappings of files: those are never changed by relocation, so the file has the same bytes.
    /// Any thread; others may run the code meanwhile.
    /// </remarks>
    public static long Release()
    {
        var released = 0L;
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            // 5581d6a0c000-5581d6a0e000 r-xp 00002000 fe:00 1234   /usr/bin/ztunnel
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 6 || fields[1] != "r-xp" || fields[5][0] != '/') continue;
            var dash = fields[0].IndexOf('-');
            var start = nuint.Parse(fields[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var end = nuint.Parse(fields[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (CallResult.Of(Libc.madvise((void*)start, end - start, Libc.MADV_DONTNEED)).Succeeded) released += (long)(end - start);
        }
        return released;
    }
}
