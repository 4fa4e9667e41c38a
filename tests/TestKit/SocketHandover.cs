using System.Net.Sockets;
using Ambient.Linux;

namespace Ambient.TestKit;

/// <summary>Gives a socket to a server that closes it itself, as Kestrel does with a handle that it listens on.</summary>
public static class SocketHandover
{
    /// <returns>A number of the server's own. <paramref name="socket"/> is closed: two that close one number may hit what was opened under it in between.</returns>
    public static int HandOver(this Socket socket)
    {
        using (socket)
        {
            var lent = new Descriptor((int)socket.SafeHandle.DangerousGetHandle());
            var given = lent.Duplicate().Release();
            lent.Release();
            return given;
        }
    }
}
