using System.Text;

namespace Ambient.Linux.Sockets;

/// <summary>Sockets that listen on a path (unix(7)).</summary>
/// <remarks>
/// What stands at the path is replaced: it was left behind, or belongs to one who is leaving. The path stays when the socket is closed,
/// because by then it may be a successor's; until there is one, whoever connects is refused.
/// </remarks>
public static unsafe class UnixListener
{
    /// <summary>A blocking stream socket that listens; only this process's user may connect.</summary>
    /// <param name="backlog">Connections that wait for accept.</param>
    /// <exception cref="ArgumentException">The path is longer than the kernel takes.</exception>
    /// <exception cref="LinuxException">The directory is missing or not writable.</exception>
    public static Descriptor OpenStream(string path, int backlog)
    {
        var socket = new Descriptor(CallResult.Of(Libc.socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0)).OrThrow("socket(AF_UNIX)"));
        try
        {
            Bind(socket, path);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite); // before anybody can connect
            Listen(socket, path, backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal static void Bind(Descriptor socket, string path)
    {
        fixed (byte* raw = Encoding.UTF8.GetBytes(path + '\0'))
            _ = Libc.unlink(raw);
        var name = stackalloc byte[UnixName.Size];
        var length = UnixName.Write(path, new(name, UnixName.Size));
        CallResult.Of(Libc.bind(socket.Value, name, length)).OrThrow($"bind({path})");
    }

    internal static void Listen(Descriptor socket, string path, int backlog) => CallResult.Of(Libc.listen(socket.Value, backlog)).OrThrow($"listen({path})");
}
