using System.Net;
using System.Net.Sockets;
using Ambient.Http2;

namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>One end of an HTTP/2 connection as a test sees it: the client's, or a server's.</summary>
internal sealed class Http2Wire : IHttp2Handler, IHttp2Output, IDisposable
{
    private readonly Socket _socket;
    private readonly Http2Connection _http2;
    private readonly Signal _changed = new();
    private readonly List<Http2WireStream> _opened = [];
    private readonly List<byte> _out = [];
    private readonly Task _reading;
    private int _accepted;

    private Http2Wire(Socket socket, Http2Role role, Http2Options options, int? cut)
    {
        (_socket, Cut) = (socket, cut);
        _http2 = new(role, options, this, this, TimeProvider.System);
        lock (_http2) _http2.Start();
        Flush();
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Bytes in each packet at most; null for as many as there are.</summary>
    public int? Cut { get; set; }

    public bool HasEnded { get; private set; }

    /// <summary>GOAWAY frames of the peer, with the last stream each names.</summary>
    public List<(uint LastStream, Http2ErrorCode Code)> GoAways { get; } = [];

    public Http2Connection Http2 => _http2;

    public static async Task<Http2Wire> ConnectAsync(IPEndPoint to, Http2Options? options = null, int? cut = null)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to).WaitAsync(Wire.Limit);
        return new(socket, Http2Role.Client, options ?? new(), cut);
    }

    /// <param name="accepted">A connection that a client opened.</param>
    public static Http2Wire Serve(Wire accepted, Http2Options? options = null, int? cut = null) =>
        new(accepted.Socket, Http2Role.Server, options ?? new(), cut);

    /// <summary>Opens a stream.</summary>
    /// <param name="fields">Pairs of name and value; pseudo-header fields first.</param>
    public Http2WireStream Open(bool endStream, params string[] fields)
    {
        var stream = new Http2WireStream(this);
        Do(() => stream.Http2 = _http2.TryOpen(ListOf(fields), endStream, stream) ?? throw new InvalidOperationException("no room for a stream"));
        return stream;
    }

    public Http2WireStream Get(string path = "/") => Open(endStream: true, ":method", "GET", ":scheme", "http", ":authority", "a", ":path", path);

    /// <summary>The next request.</summary>
    public async Task<Http2WireStream> AcceptAsync()
    {
        await UntilAsync(() => _opened.Count > _accepted, "a request");
        return _opened[_accepted++];
    }

    public Task UntilAsync(Func<bool> condition, string what) => _changed.UntilAsync(_http2, condition, what);

    /// <summary>Does something with the connection and sends what comes of it.</summary>
    public void Do(Action work)
    {
        lock (_http2) work();
        Flush();
    }

    public void Send(ReadOnlySpan<byte> raw) => _socket.Send(raw);

    public void Reset()
    {
        _socket.LingerState = new(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    internal static HeaderList ListOf(string[] fields)
    {
        var list = new HeaderList();
        for (var i = 0; i < fields.Length; i += 2) list.Add(ProxyScene.Bytes(fields[i]), ProxyScene.Bytes(fields[i + 1]));
        return list;
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await _socket.ReceiveAsync(buffer) is var count and > 0)
                Do(() => _http2.Receive(buffer.AsMemory(0, count)));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the connection's end, like the other
        }

        Do(() =>
        {
            HasEnded = true;
            _http2.Abandon(Http2ErrorCode.Cancel);
        });
        _changed.Set();
    }

    private void Flush()
    {
        lock (_out)
        {
            byte[] bytes;
            lock (_http2)
            {
                bytes = [.. _out];
                _out.Clear();
            }

            try
            {
                var cut = Cut ?? bytes.Length; // once: it may be set meanwhile, and then bytes would go out twice or not at all
                for (var at = 0; at < bytes.Length; at += cut) _socket.Send(bytes.AsSpan(at, Math.Min(cut, bytes.Length - at)));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // reading finds out too
            }
        }

        _changed.Set();
    }

    void IHttp2Output.Write(ReadOnlySpan<byte> frameBytes) => _out.AddRange(frameBytes);

    long IHttp2Output.SentBytes => _http2.BytesWritten;

    void IHttp2Handler.OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
    {
        if (stream.State is not Http2WireStream known)
        {
            stream.State = known = new(this) { Http2 = stream };
            _opened.Add(known);
        }

        known.OnHeaders(headers, endStream);
    }

    void IHttp2Handler.OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream) => ((Http2WireStream)stream.State!).OnData(chunk.Span, endStream);

    void IHttp2Handler.OnReset(Http2Stream stream, Http2ErrorCode code) => ((Http2WireStream)stream.State!).ResetCode = code;

    void IHttp2Handler.OnSendable(Http2Stream stream) => _changed.Set();

    void IHttp2Handler.OnGoAway(uint lastStreamId, Http2ErrorCode code) => GoAways.Add((lastStreamId, code));

    void IHttp2Handler.OnPingAck(ulong opaque)
    {
    }

    void IHttp2Handler.OnPeerSettings()
    {
    }

    void IHttp2Handler.OnStreamClosed(Http2Stream stream)
    {
    }
}
