using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Node;

/// <summary>What the process must be allowed to do to serve pods of other namespaces.</summary>
internal static class Capabilities
{
    /// <exception cref="InvalidOperationException">One is missing; the message names it.</exception>
    public static void Require(uint mark)
    {
        try
        {
            using var here = NetworkNamespace.Current();
            here.Run(() =>
            {
                using var socket = TcpSockets.Create(AddressFamily.InterNetwork);
                SocketOptions.Mark(socket, mark);
                return true;
            });
        }
        catch (LinuxException error)
        {
            throw new InvalidOperationException(
                "Shared mode needs the capabilities SYS_ADMIN (to enter the pods' network namespaces) and NET_ADMIN (to mark packets): " +
                error.Message, error);
        }
    }
}
