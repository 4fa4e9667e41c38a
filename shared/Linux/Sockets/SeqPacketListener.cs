namespace Ambient.Linux.Sockets;

/// <summary>Listens on a path for <see cref="SeqPacketSocket"/> connections.</summary>
/// <remarks>Accepting belongs to one thread; <see cref="Stop"/> may be called from any.</remarks>
public sealed unsafe class SeqPacketListener : IDisposable
{
    private readonly Descriptor _socket;
    private readonly string _path;

    /// <summary>Binds to <paramref name="path"/>; what stands there is replaced, see <see cref="UnixListener"/>.</summary>
    /// <param name="backlog">Connections that wait for accept.</param>
    /// <exception cref="LinuxException">The directory is missing or not writable.</exception>
    public SeqPacketListener(string path, int backlog = 16)
    {
        _path = path;
        _socket = SeqPacketSocket.CreateDescriptor();
        try
        {
            UnixListener.Bind(_socket, path);
            UnixListener.Listen(_socket, path, backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <returns>The next connection; null if none came within <paramref name="timeout"/> or the listener was stopped.</returns>
    /// <exception cref="LinuxException">For example EMFILE: out of descriptors; the connection keeps waiting.</exception>
    public SeqPacketSocket? Accept(TimeSpan timeout)
    {
        if (!SeqPacketSocket.WaitFor(_socket, Libc.POLLIN, timeout))
            return null;
        var result = CallResult.Of(Libc.accept4(_socket.Value, null, null, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK));
        if (result.Succeeded)
            return new(new Descriptor(result.Value));
        return result.Errno is Errno.WouldBlock or Errno.Invalid or Errno.ConnectionAborted
            ? null
            : throw new LinuxException($"accept({_path})", result.Errno);
    }

    /// <summary>Makes a waiting <see cref="Accept"/> return null, and all later ones.</summary>
    public void Stop() => _ = Libc.shutdown(_socket.Value, Libc.SHUT_RDWR);

    /// <summary>Closes. The path stays, see <see cref="UnixListener"/>.</summary>
    public void Dispose() => _socket.Dispose();
}
