using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;

namespace Ambient.HttpProxy.WebSockets;

/// <summary>A WebSocket as the body of an exchange, on its way to one side: as <see cref="WebSocketStream"/> is for a stream.</summary>
/// <remarks>On the loop only.</remarks>
/// <param name="isServer">It leads to the server: what we say there is masked.</param>
internal sealed class WebSocketSink(IBodySink sink, bool isServer) : IBodySink
{
    private static readonly FieldSection NoTrailers = new();

    private WebSocketFrames _frames;
    private bool _isClosing, _isClosed;

    public int Room => _isClosed ? int.MaxValue : sink.Room;

    /// <summary>Says that we go away: now, or as soon as the frame that is under way has passed. The transfer's next flush sends it.</summary>
    public void Close()
    {
        _isClosing = true;
        if (_frames.IsBetween && !_isClosed) SayGoodbye();
    }

    public void Write(ReadOnlySpan<byte> data, bool ends)
    {
        if (_isClosed) return;
        if (_isClosing) data = data[.._frames.RestIn(data)];
        _frames.Pass(data);
        sink.Write(data, ends && !_isClosing);
        if (_isClosing && _frames.IsBetween) SayGoodbye();
    }

    public void End(FieldSection trailers)
    {
        if (!_isClosed) sink.End(trailers);
        _isClosed = true;
    }

    public ValueTask<bool> FlushAsync(bool untilRoom) => sink.FlushAsync(untilRoom && !_isClosed);

    private void SayGoodbye()
    {
        var frame = GoingAway.Frame(isServer);
        _isClosed = true;
        if (!_frames.HasClosed && sink.Room >= frame.Length) sink.Write(frame, ends: false);
        sink.End(NoTrailers);
    }
}
