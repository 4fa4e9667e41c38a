using System.Buffers;
using System.Net.Sockets;

namespace Ambient.Http2.Tests.Peers;

/// <summary>Moves the bytes of one connection over a plain TCP socket, and the content of its streams in both directions.</summary>
internal abstract class SocketDriver : IHttp2Handler, IHttp2Output
{
    private readonly Socket _socket;
    private readonly ArrayBufferWriter<byte> _output = new();
    private long _written;

    protected SocketDriver(Socket socket, Http2Role role, Http2Options options)
    {
        _socket = socket;
        Connection = new Http2Connection(role, options, this, this, TimeProvider.System);
    }

    public Http2Connection Connection { get; }

    public long SentBytes => _written - _output.WrittenCount;

    public void Write(ReadOnlySpan<byte> frameBytes)
    {
        _output.Write(frameBytes);
        _written += frameBytes.Length;
    }

    /// <summary>Returns once the peer has closed, the connection has ended, or <see cref="IsDone"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        Connection.Start();
        Started();
        var buffer = new byte[32 * 1024];
        var open = true;
        while (open || _output.WrittenCount > 0)
        {
            for (var sent = 0; sent < _output.WrittenCount;)
                sent += await _socket.SendAsync(_output.WrittenMemory[sent..], stop);
            _output.ResetWrittenCount();
            if (!open || IsDone) break;
            var received = await _socket.ReceiveAsync(buffer, stop);
            open = received > 0 && Connection.Receive(buffer.AsMemory(0, received));
            if (received == 0) break;
        }
        if (!Connection.IsEnded) Connection.Abandon(Http2ErrorCode.InternalError);
        _socket.Shutdown(SocketShutdown.Send);
    }

    public abstract void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream);

    public virtual void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
    {
        ((StreamContent)stream.State!).Received.Write(chunk.Span);
        Connection.Credit(stream, chunk.Length);
    }

    public void OnSendable(Http2Stream stream) => Send(stream);

    public virtual void OnReset(Http2Stream stream, Http2ErrorCode code) { }

    public virtual void OnGoAway(uint lastStreamId, Http2ErrorCode code) { }

    public virtual void OnPingAck(ulong opaque) { }

    public virtual void OnPeerSettings() { }

    public virtual void OnStreamClosed(Http2Stream stream) { }

    protected virtual bool IsDone => false;

    protected virtual void Started() { }

    /// <summary>Sends as much as windows allow, straight into the output: header and payload side by side.</summary>
    protected void Send(Http2Stream stream)
    {
        var content = (StreamContent)stream.State!;
        while (content.Left > 0 && Connection.Sendable(stream) is > 0 and var sendable)
        {
            var length = Math.Min(sendable, content.Left);
            content.Left -= length;
            var frame = _output.GetSpan(9 + length);
            frame.Slice(9, length).Fill((byte)'x');
            _output.Advance(9 + length);
            _written += 9 + length;
            Connection.BeginData(stream, frame, length, endStream: content.Left == 0);
        }
    }

    internal sealed class StreamContent
    {
        public int Left { get; set; }
        public ArrayBufferWriter<byte> Received { get; } = new();
        public int Status { get; set; }
        public string Trailers { get; set; } = "";
        public bool Ended { get; set; }
    }
}
