using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <summary>
/// What arrived for which stream in the batch being read: links into the decrypted input, valid until the batch ends. One
/// table serves all streams of a tunnel and is kept between batches, so that a chunk costs no allocation.
/// </summary>
internal sealed class Arrivals
{
    private const int None = -1;
    private Chunk[] _chunks = new Chunk[4];
    private int _count;

    public void Add(HboneStream stream, ReadOnlyMemory<byte> bytes)
    {
        if (_count == _chunks.Length) Array.Resize(ref _chunks, _count * 2);
        _chunks[_count] = new() { Bytes = bytes, Next = None };
        if (stream.FirstArrival == None) stream.FirstArrival = _count;
        else _chunks[stream.LastArrival].Next = _count;
        stream.LastArrival = _count++;
    }

    public int LengthOf(HboneStream stream)
    {
        var length = 0;
        for (var i = stream.FirstArrival; i != None; i = _chunks[i].Next) length += _chunks[i].Bytes.Length;
        return length;
    }

    public int Vectors(HboneStream stream, Span<IoVector> vectors)
    {
        var count = 0;
        for (var i = stream.FirstArrival; i != None && count < vectors.Length; i = _chunks[i].Next)
            vectors[count++] = IoVector.Over(_chunks[i].Bytes);
        return count;
    }

    public void Consume(HboneStream stream, int bytes)
    {
        while (bytes > 0)
        {
            ref var chunk = ref _chunks[stream.FirstArrival];
            if (bytes < chunk.Bytes.Length)
            {
                chunk.Bytes = chunk.Bytes[bytes..];
                return;
            }
            bytes -= chunk.Bytes.Length;
            stream.FirstArrival = chunk.Next;
        }
        if (stream.FirstArrival == None) stream.LastArrival = None;
    }

    public void MoveTo(HboneStream stream, SlabQueue held, SlabPool slabs)
    {
        for (var i = stream.FirstArrival; i != None; i = _chunks[i].Next) held.Append(_chunks[i].Bytes.Span, slabs);
        Forget(stream);
    }

    public void Forget(HboneStream stream) => stream.FirstArrival = stream.LastArrival = None;

    /// <summary>Ends the batch; every stream has taken, kept or forgotten its chunks.</summary>
    public void Clear()
    {
        Array.Clear(_chunks, 0, _count);
        _count = 0;
        if (_chunks.Length > 256) _chunks = new Chunk[4]; // a burst of tiny frames leaves nothing behind
    }

    private struct Chunk
    {
        public ReadOnlyMemory<byte> Bytes;
        public int Next;
    }
}
