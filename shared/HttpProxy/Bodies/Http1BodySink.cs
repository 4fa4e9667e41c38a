using System.Buffers;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Buffers;

namespace Ambient.HttpProxy.Bodies;

/// <summary>Writes bodies behind heads of HTTP/1.1.</summary>
internal sealed class Http1BodySink(SendBuffer output) : IBodySink
{
    private const int ChunkOverhead = 16; // the size line and the line end around a chunk

    private bool _isChunked, _endsConnection, _hasEnded;

    public int Room => output.Room - ChunkOverhead;

    /// <param name="framing">What the head that was written announces.</param>
    public void Begin(BodyFraming framing) => (_isChunked, _endsConnection, _hasEnded) = (framing.Kind == BodyKind.Chunked, false, false);

    /// <summary>Bytes as they are, whose end is the end of what is sent on the connection.</summary>
    public void BeginUntilEnd() => (_isChunked, _endsConnection, _hasEnded) = (false, true, false);

    public void Write(ReadOnlySpan<byte> data, bool ends)
    {
        if (_isChunked) ChunkedEncoder.WriteChunk(output, data);
        else output.Write(data);
    }

    public void End(FieldSection trailers)
    {
        if (_isChunked) ChunkedEncoder.WriteEnd(output, trailers);
        _hasEnded = true;
    }

    public ValueTask<bool> FlushAsync(bool untilRoom) => _hasEnded && _endsConnection ? output.FinishAsync() : output.FlushSoonAsync();
}
