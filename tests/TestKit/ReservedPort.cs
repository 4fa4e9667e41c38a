using System.Net;
using System.Net.Sockets;

namespace Ambient.TestKit;

/// <summary>A TCP port of this machine, on all addresses, for servers that have to be told their port. The kernel gives it to nobody else meanwhile.</summary>
/// <remarks>
/// It is bound and nobody listens: connections are refused until a server does, which binds it by its number, with SO_REUSEADDR as is usual.
/// A port that is only looked up may be somebody else's by then, and one who dials it before its server listens may meet itself.
/// </remarks>
public sealed class ReservedPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ReservedPort()
    {
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(new IPEndPoint(IPAddress.Any, 0));
    }

    public int Number => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public void Dispose() => _socket.Dispose();
}
