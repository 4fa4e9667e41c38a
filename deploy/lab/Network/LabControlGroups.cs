namespace Ambient.Lab.Network;

/// <summary>The control groups (cgroups(7), version 2) of a lab: one tree for all of its processes that are to be told apart.</summary>
public static class LabControlGroups
{
    /// <summary>The directory of a lab's tree; null where this machine has no version 2 that we may write to.</summary>
    public static string? Of(LabId lab) => Mount is { } mount ? Path.Combine(mount, "ambient-lab", lab.Value) : null;

    private static string? Mount { get; } = FindMount();

    /// <summary>Removes a group and those below it. Those that still have processes stay.</summary>
    public static void Remove(string group)
    {
        if (!Directory.Exists(group)) return;
        foreach (var below in Directory.EnumerateDirectories(group)) Remove(below);
        try { Directory.Delete(group); }
        catch (IOException) { } // its last process is still ending
    }

    // "36 35 0:30 /root /mount options - cgroup2 source options"; this process's own group is where its children may be.
    private static string? FindMount()
    {
        var mount = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' '))
            .FirstOrDefault(fields => Array.IndexOf(fields, "-") is > 0 and var dash && fields[dash + 1] == "cgroup2")?[4];
        var own = File.ReadLines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal))?[3..];
        if (mount is null || own is null) return null;
        var directory = Path.Combine(mount, own.TrimStart('/'));
        try
        {
            Directory.CreateDirectory(Path.Combine(directory, "ambient-lab"));
            return directory;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
