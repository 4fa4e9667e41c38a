namespace Ambient.Linux.Tests;

/// <summary>What the process has open, for tests that nothing leaks.</summary>
internal static class OpenDescriptors
{
    /// <summary>Sockets, epolls, eventfds, inotifies and namespaces; files and pipes come and go with the runtime.</summary>
    internal static int Count() => Directory.GetFiles("/proc/self/fd").Count(IsOurKind);

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

    /// <summary>The flags line of /proc/self/fdinfo, which shows close-on-exec (octal 02000000).</summary>
    internal static bool IsCloseOnExec(Descriptor descriptor)
    {
        var flags = File.ReadLines($"/proc/self/fdinfo/{descriptor.Value}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt32(flags[6..].Trim(), 8) & 0x80000) != 0;
    }
}
