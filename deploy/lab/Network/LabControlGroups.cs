namespace Ambient.Lab.Network;

/// <summary>The control groups (cgroups(7), version 2) of a lab: one tree for all of its processes that are to be told apart.</summary>
public static class LabControlGroups
{
    // A process that is killed takes a moment to end.
    private const int EndingTries = 100;
    private static readonly TimeSpan EndingPause = TimeSpan.FromMilliseconds(20);

    /// <summary>The directory of a lab's tree; null where this machine has no version 2 that we may write to.</summary>
    public static string? Of(LabId lab) => Root is { } root ? Path.Combine(root, lab.Value) : null;

    private static string? Root { get; } = FindRoot();

    /// <summary>Ends and removes what is left of labs that are gone.</summary>
    internal static async Task SweepAsync()
    {
        foreach (var group in Root is { } root ? Directory.EnumerateDirectories(root).ToList() : [])
            if (!Directory.Exists(new LabId(Path.GetFileName(group)).Directory)) await EndAsync(group);
    }

    /// <summary>Kills every process of a group and those below it, also those that start meanwhile, and removes the groups.</summary>
    internal static async Task EndAsync(string group)
    {
        for (var i = 0; i < EndingTries && Directory.Exists(group); i++)
        {
            Kill(group);
            Remove(group);
            if (Directory.Exists(group)) await Task.Delay(EndingPause, TimeProvider.System);
        }
    }

    /// <summary>Removes a group and those below it. Those that still have processes stay.</summary>
    public static void Remove(string group)
    {
        if (!Directory.Exists(group)) return;
        try
        {
            foreach (var below in Directory.EnumerateDirectories(group)) Remove(below);
            Directory.Delete(group);
        }
        catch (IOException) { } // its last process is still ending, or somebody else was quicker
    }

    private static void Kill(string group)
    {
        try { File.WriteAllText(Path.Combine(group, "cgroup.kill"), "1"); }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException) { } // gone, or a kernel before 5.14
    }

    // "36 35 0:30 /root /mount options - cgroup2 source options"; this process's own group is where its children may be.
    private static string? FindRoot()
    {
        var mount = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' '))
            .FirstOrDefault(fields => Array.IndexOf(fields, "-") is > 0 and var dash && fields[dash + 1] == "cgroup2")?[4];
        var own = File.ReadLines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal))?[3..];
        if (mount is null || own is null) return null;
        try
        {
            return Directory.CreateDirectory(Path.Combine(mount, own.TrimStart('/'), "ambient-lab")).FullName;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
