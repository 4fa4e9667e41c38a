namespace Ambient.Linux.Tests;

public sealed class ProgramPagesTests
{
    [Fact]
    public void Only_unchanged_unwritable_mappings_of_files_are_forgotten()
    {
        string[] smaps =
        [
            "1000-3000 r-xp 00000000 08:01 12     /usr/bin/a program", "Size:  8 kB", "Anonymous:  0 kB", "VmFlags: rd ex",
            "3000-4000 r--p 00002000 08:01 12     /usr/bin/relocated", "Anonymous:  4 kB",
            "4000-5000 rw-p 00003000 08:01 12     /usr/bin/data", "Anonymous:  0 kB",
            "5000-6000 r--p 00000000 00:00 0", "Anonymous:  0 kB",
            "6000-7000 r-xp 00000000 00:00 0      [vdso]", "Anonymous:  0 kB",
            "7000-8000 r--s 00000000 08:01 13     /shared", "Anonymous:  0 kB",
            "a000-b000 r--p 00000000 08:01 14     /lib/constants", "Rss:  4 kB", "Anonymous:  0 kB",
        ];

        Assert.Equal([((nuint)0x1000, (nuint)0x2000), (0xa000, 0x1000)], ProgramPages.Unchanged(smaps));
    }

    [Fact]
    public void The_program_goes_on_and_is_smaller()
    {
        var before = MappedFileKilobytes();

        ProgramPages.Forget();

        Assert.True(MappedFileKilobytes() < before);
        Assert.Equal("still here", string.Concat("still", " ", "here"));
    }

    private static long MappedFileKilobytes() =>
        long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssFile:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
}
