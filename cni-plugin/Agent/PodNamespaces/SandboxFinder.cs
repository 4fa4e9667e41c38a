using System.Globalization;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.PodNamespaces;

/// <summary>Finds the network namespaces of running pods: those of the processes whose cgroup names the pod.</summary>
/// <remarks>
/// Thread-safe. One walk over all processes serves everybody who asks while it is fresh: a whole namespace is enrolled with
/// a few of them.
/// </remarks>
/// <param name="processes">The node's <c>/proc</c>.</param>
internal sealed class SandboxFinder(string processes, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private Dictionary<string, List<Member>> _members = [];
    private long _walkedAt;
    private bool _hasWalked;

    /// <summary>Every namespace that has a process of the pod, that of the oldest process first, each once.</summary>
    /// <returns>Open and the caller's to dispose.</returns>
    public IReadOnlyList<NetworkNamespace> Find(string uid)
    {
        var found = new List<NetworkNamespace>();
        foreach (var member in MembersOf(uid).OrderBy(static member => member.StartedAt))
        {
            if (Open(member.Process) is not { } netns)
                continue;
            // The number may be another process's by now.
            if (found.Any(other => other.Key == netns.Key) || UidOf(member.Process) != uid)
                netns.Dispose();
            else
                found.Add(netns);
        }
        return found;
    }

    private List<Member> MembersOf(string uid)
    {
        lock (_lock)
        {
            if (!_hasWalked || time.GetElapsedTime(_walkedAt) > Fresh)
                (_members, _walkedAt, _hasWalked) = (Walk(), time.GetTimestamp(), true);
            return _members.GetValueOrDefault(uid) ?? [];
        }
    }

    private Dictionary<string, List<Member>> Walk()
    {
        var members = new Dictionary<string, List<Member>>(StringComparer.Ordinal);
        foreach (var directory in Directory.EnumerateDirectories(processes))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                || UidOf(process) is not { } uid || StartOf(process) is not { } startedAt)
                continue;
            if (!members.TryGetValue(uid, out var list))
                members[uid] = list = [];
            list.Add(new Member(process, startedAt));
        }
        return members;
    }

    private string? UidOf(int process) => Read(process, "cgroup") is { } text ? PodCgroup.FindUid(text) : null;

    // Field 22 (proc_pid_stat(5)), counted behind the name, which may hold anything, also parentheses.
    private ulong? StartOf(int process)
    {
        const int Field = 22, FieldsBefore = 2;
        if (Read(process, "stat") is not { } text)
            return null;
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length >= Field - FieldsBefore && ulong.TryParse(fields[Field - FieldsBefore - 1], out var ticks) ? ticks : null;
    }

    private string? Read(int process, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(processes, $"{process}", file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended
        }
    }

    private NetworkNamespace? Open(int process)
    {
        try
        {
            return NetworkNamespace.Open(Path.Combine(processes, $"{process}", "ns", "net"));
        }
        catch (LinuxException)
        {
            return null; // it has ended
        }
    }

    private readonly record struct Member(int Process, ulong StartedAt);
}
