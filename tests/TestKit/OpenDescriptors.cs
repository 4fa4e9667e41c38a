namespace Ambient.TestKit;

/// <summary>What the process has open, for tests that nothing leaks.</summary>
public static class OpenDescriptors
{
    /// <summary>Sockets, epolls, eventfds, inotifies and namespaces; files and pipes come and go with the runtime.</summary>
    public static int Count() => Directory.GetFiles("/proc/self/fd").Count(IsOurKind);

    private static bool IsOurKind(string path)
    {
        var target = TargetOf(path);
        return target is "anon_inode:[eventpoll]" or "anon_inode:[eventfd]" or "anon_inode:inotify"
            || target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("net:", StringComparison.Ordinal);
    }

    // The one that listed the directory is gone already.
    private static string TargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
