using System.Net;
using System.Net.Sockets;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Sockets;

/// <summary>The network's own name server: answers every A question with one address and remembers who asked.</summary>
internal sealed class DnsServer : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Task _serving;
    private readonly byte[] _address;

    private DnsServer(Socket socket, IPAddress address)
    {
        (_socket, _address) = (socket, address.GetAddressBytes());
        _serving = ServeAsync();
    }

    public int Questions { get; private set; }

    public static DnsServer Start(NetworkLab lab, IPAddress answer) =>
        new(PodSockets.Datagrams($"{LabId.NamespaceDirectory}/{lab.Underlay}", new(lab.UnderlayAddress.V4, 53)), answer);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[1500];
        try
        {
            while (true)
            {
                var query = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
                Questions++;
                await _socket.SendToAsync(Answer(buffer.AsSpan(0, query.ReceivedBytes)), SocketFlags.None, query.RemoteEndPoint);
            }
        }
        catch (Exception ending) when (ending is SocketException or ObjectDisposedException)
        {
            // The lab is over.
        }
    }

    // RFC 1035 §4.1: header, the question as it came, one A record that points back at the question's name.
    private byte[] Answer(ReadOnlySpan<byte> query)
    {
        var end = 12;
        while (query[end] != 0) end += query[end] + 1;
        var question = query[12..(end + 5)];
        byte[] header = [query[0], query[1], 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0, 0];
        byte[] record = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. _address];
        return [.. header, .. question, .. record];
    }
}
