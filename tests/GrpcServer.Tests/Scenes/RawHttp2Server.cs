using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Ambient.GrpcServer.Tests.Scenes;

/// <summary>HTTP/2 frame by frame (RFC 9113 §4.1): tells of each frame of a stream, and sends what the test has it send.</summary>
internal sealed class RawHttp2Server : IAsyncDisposable
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, GoAway = 7;
    private const int PrefaceBytes = 24, HeadBytes = 9;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Channel<(byte Type, int Stream, int Bytes)> _frames = Channel.CreateUnbounded<(byte, int, int)>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private NetworkStream? _connection;

    public RawHttp2Server()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>The next frame of a stream, not of the connection.</summary>
    public ValueTask<(byte Type, int Stream, int Bytes)> ReceiveAsync() => _frames.Reader.ReadAsync();

    public async Task SendAsync(byte type, int stream, params byte[] payload)
    {
        var frame = new byte[HeadBytes + payload.Length];
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, HeadBytes);
        await _connection!.WriteAsync(frame);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving; // which still asks the listener
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await ReadAsync(_connection = client.GetStream());
            }
        }
        catch (OperationCanceledException) { }
    }

    private async Task ReadAsync(NetworkStream from)
    {
        var head = new byte[HeadBytes];
        try
        {
            await from.ReadExactlyAsync(new byte[PrefaceBytes], _stop.Token);
            await SendAsync(Settings, 0);
            while (true)
            {
                await from.ReadExactlyAsync(head, _stop.Token);
                var bytes = head[0] << 16 | head[1] << 8 | head[2];
                await from.ReadExactlyAsync(new byte[bytes], _stop.Token);
                if (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) is var stream and > 0) _frames.Writer.TryWrite((head[3], stream, bytes));
            }
        }
        catch (IOException) { }
    }
}
