using System.Buffers;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Buffers;

namespace Ambient.HttpProxy.Bodies;

/// <summary>Writes bodies behind heads of HTTP/1.1.</summary>
internal sealed class Http1BodySink(SendBuffer output) : IBodySink
{
    private const int ChunkOverhead = 16; // the size line and the line end around a chunk

    private bool _isChunked;

    public int Room => output.Room - ChunkOverhead;

    /// <param name="framing">What the head that was written announces.</param>
    public void Begin(BodyFraming framing) => _isChunked = framing.Kind == BodyKind.Chunked;

    public void Write(ReadOnlySpan<byte> data, bool ends)
    {
        if (_isChunked) ChunkedEncoder.WriteChunk(output, data);
        else output.Write(data);
    }

    public void End(FieldSection trailers)
    {
        if (_isChunked) ChunkedEncoder.WriteEnd(output, trailers);
    }

    public ValueTask<bool> FlushAsync(bool untilRoom) => output.FlushAsync();
}
