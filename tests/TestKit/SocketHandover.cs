using System.Net.Sockets;

namespace Ambient.TestKit;

/// <summary>Gives a socket to a server that closes it itself, as Kestrel does with a handle that it listens on.</summary>
public static class SocketHandover
{
    /// <returns>The descriptor, which <paramref name="socket"/> no longer closes: a second close could hit what was opened under the number in between.</returns>
    public static int HandOver(this Socket socket)
    {
        var descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return descriptor;
    }
}
