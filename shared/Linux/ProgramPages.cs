using System.Globalization;

namespace Ambient.Linux;

/// <summary>The parts of the program and its libraries that the kernel has mapped for this process.</summary>
public static unsafe class ProgramPages
{
    /// <summary>
    /// Takes code and constants out of this process's memory; what is used again is mapped again from the page cache, for a
    /// microsecond each. A start touches most of a program, and an idle daemon hardly anything.
    /// </summary>
    /// <remarks>Only whole mappings that are of a file, not writable, and unchanged since they were read: relocated constants stay.</remarks>
    public static void Forget()
    {
        foreach (var (start, length) in Unchanged(File.ReadLines("/proc/self/smaps")))
            _ = Libc.madvise((void*)start, length, Libc.MADV_DONTNEED); // failing costs nothing but memory
    }

    /// <param name="smaps">Lines of /proc/PID/smaps (proc_pid_smaps(5)).</param>
    internal static List<(nuint Start, nuint Length)> Unchanged(IEnumerable<string> smaps)
    {
        var found = new List<(nuint, nuint)>();
        (nuint Start, nuint Length)? candidate = null;
        foreach (var line in smaps)
        {
            if (TryReadHeader(line, out var mapping)) candidate = mapping;
            else if (candidate is { } unchanged && IsZero(line, "Anonymous:")) found.Add(unchanged);
        }

        return found;
    }

    // "55d0c0a00000-55d0c0b00000 r-xp 00000000 08:01 1234   /usr/bin/ztunnel"; every other line is "Name:  value", and not taken apart:
    // there are thousands, and what reading them leaves behind stays in memory until the next collection.
    private static bool TryReadHeader(string line, out (nuint Start, nuint Length)? mapping)
    {
        mapping = null;
        if (line.Length == 0 || !char.IsAsciiHexDigitLower(line[0])) return false;
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var dash = words[0].IndexOf('-');
        if (dash < 0 || words[0].EndsWith(':')) return false;

        var isUnwritableFile = words.Length > 5 && words[5].StartsWith('/') && words[1].StartsWith("r-", StringComparison.Ordinal) && words[1].EndsWith('p');
        if (isUnwritableFile
            && nuint.TryParse(words[0].AsSpan(..dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var start)
            && nuint.TryParse(words[0].AsSpan((dash + 1)..), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var end))
            mapping = (start, end - start);
        return true;
    }

    private static bool IsZero(string line, string name) =>
        line.StartsWith(name, StringComparison.Ordinal) && line.AsSpan(name.Length).Trim().SequenceEqual("0 kB");
}
