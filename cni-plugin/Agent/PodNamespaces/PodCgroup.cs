namespace Ambient.CniAgent.PodNamespaces;

/// <summary>Reads of which pod a process is, from its <c>/proc/PID/cgroup</c> (cgroups(7)): the kubelet puts the pod's uid into the path. Pure.</summary>
/// <remarks>
/// Both forms in use: <c>/kubepods/burstable/pod&lt;uid&gt;/&lt;container&gt;</c> (cgroupfs) and
/// <c>/kubepods.slice/…/kubepods-burstable-pod&lt;uid with _&gt;.slice/cri-containerd-&lt;container&gt;.scope</c> (systemd).
/// </remarks>
internal static class PodCgroup
{
    private const int UidLength = 36;

    /// <returns>The uid with dashes; null if the process is in no pod, or if its hierarchies disagree.</returns>
    public static string? FindUid(ReadOnlySpan<char> text)
    {
        string? found = null;
        foreach (var line in text.EnumerateLines())
        {
            // hierarchy-id:controllers:path; named hierarchies may have colons in their names, paths after the second.
            var first = line.IndexOf(':');
            var second = first < 0 ? -1 : line[(first + 1)..].IndexOf(':');
            if (second < 0 || UidIn(line[(first + second + 2)..]) is not { } uid)
                continue;
            if (found is not null && found != uid)
                return null;
            found = uid;
        }
        return found;
    }

    // A segment that is "pod<uid>" or ends with "-pod<uid>.slice", below one that begins with "kubepods".
    private static string? UidIn(ReadOnlySpan<char> path)
    {
        string? found = null;
        foreach (var range in path.Split('/'))
        {
            var segment = path[range];
            if (segment.EndsWith(".slice"))
                segment = segment[..^".slice".Length];
            if (segment.Length < UidLength + 3 || !segment[^(UidLength + 3)..].StartsWith("pod"))
                continue;
            var before = segment[..^(UidLength + 3)];
            if (before.Length > 0 && (before[^1] != '-' || !before.StartsWith("kubepods")))
                continue;
            if (Normalized(segment[^UidLength..]) is { } uid)
                found = uid; // the innermost: pods may run in pods
        }
        return found;
    }

    private static string? Normalized(ReadOnlySpan<char> text)
    {
        Span<char> uid = stackalloc char[UidLength];
        for (var i = 0; i < UidLength; i++)
        {
            var isSeparator = i is 8 or 13 or 18 or 23;
            if (isSeparator ? text[i] is not ('-' or '_') : !char.IsAsciiHexDigitLower(text[i]))
                return null;
            uid[i] = isSeparator ? '-' : text[i];
        }
        return new string(uid);
    }
}
