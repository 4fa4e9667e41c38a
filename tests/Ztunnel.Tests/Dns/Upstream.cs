using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>One message that reached an upstream: its bytes, where it came from, and the way to answer.</summary>
internal sealed record Received(byte[] Message, IPEndPoint From, bool ByTcp, Func<byte[], Task> ReplyAsync, Action HangUp)
{
    public int Id => BinaryPrimitives.ReadUInt16BigEndian(Message);

    /// <summary>The message with another identifier: what the other side of a forwarder sent or gets.</summary>
    public static byte[] WithId(byte[] message, int id) => [(byte)(id >> 8), (byte)id, .. message[2..]];

    /// <summary>A response to this message with the given code, and anything behind the question.</summary>
    public byte[] Response(int code = 0, params byte[] rest)
    {
        byte[] response = [.. Message[..2], (byte)(Message[2] | 0x80), (byte)(0x80 | code), .. Message[4..6], 0, 0, 0, 0, 0, 0, .. Message[12..]];
        return [.. response, .. rest];
    }
}

/// <summary>A resolver on UDP and TCP of one port that records what arrives, byte by byte, and answers as the test says.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private readonly Socket _udp, _tcp;
    private readonly Channel<Received> _arrived = Channel.CreateUnbounded<Received>();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly ConcurrentBag<Socket> _connections = [];
    private readonly Func<Received, Task>? _answer;

    /// <param name="answer">What to do with each message; null leaves it to the test, by <see cref="NextAsync"/>.</param>
    public Upstream(Func<Received, Task>? answer = null, IPAddress? address = null)
    {
        _answer = answer;
        address ??= IPAddress.Loopback;
        for (; ; _udp.Dispose(), _tcp.Dispose())
        {
            _udp = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            _tcp = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _udp.Bind(new IPEndPoint(address, 0));
            try { _tcp.Bind(_udp.LocalEndPoint!); }
            catch (SocketException) { continue; } // somebody else has that TCP port
            break;
        }
        _tcp.Listen(16);
        _tasks.Add(ServeUdpAsync());
        _tasks.Add(ServeTcpAsync());
    }

    public IPEndPoint EndPoint => (IPEndPoint)_udp.LocalEndPoint!;

    /// <summary>A TCP connection counts when it has been accepted.</summary>
    public int Connections => _connections.Count;

    /// <summary>An upstream that answers every message with an empty answer at once.</summary>
    public static Upstream Answering(int code = 0) => new(received => received.ReplyAsync(received.Response(code)));

    public async Task<Received> NextAsync() => await _arrived.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public bool HasMore => _arrived.Reader.TryPeek(out _);

    /// <summary>Stops listening: what comes now is refused.</summary>
    public void StopListening()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        StopListening();
        foreach (var connection in _connections)
            connection.Dispose();
        foreach (var task in _tasks)
            await task;
    }

    private async Task ServeUdpAsync()
    {
        var buffer = new byte[65_536];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(_udp.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
                var from = (IPEndPoint)received.RemoteEndPoint;
                await HandleAsync(new(buffer[..received.ReceivedBytes], from, ByTcp: false, reply => _udp.SendToAsync(reply, from), () => { }));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
    }

    private async Task ServeTcpAsync()
    {
        try
        {
            while (true)
            {
                var connection = await _tcp.AcceptAsync();
                _connections.Add(connection);
                _tasks.Add(ServeConnectionAsync(connection));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
    }

    private async Task ServeConnectionAsync(Socket connection)
    {
        try
        {
            await using var stream = new NetworkStream(connection);
            var length = new byte[2];
            while (true)
            {
                await stream.ReadExactlyAsync(length);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(message);
                Task ReplyAsync(byte[] reply) => stream.WriteAsync((byte[])[(byte)(reply.Length >> 8), (byte)reply.Length, .. reply]).AsTask();
                await HandleAsync(new(message, (IPEndPoint)connection.RemoteEndPoint!, ByTcp: true, ReplyAsync, connection.Dispose));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException) { }
    }

    private async Task HandleAsync(Received received)
    {
        await _arrived.Writer.WriteAsync(received);
        if (_answer is not null)
            await _answer(received);
    }
}
