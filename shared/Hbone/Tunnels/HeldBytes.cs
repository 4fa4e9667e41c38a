using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <summary>Received bytes whose reader is slower than the tunnel, in slabs; the stream's receive window bounds them.</summary>
internal sealed class HeldBytes
{
    private readonly Queue<Slab> _slabs = new();
    private Slab? _last;
    private int _start;      // first unread byte of the first slab
    private int _end;        // end of the bytes in the last slab

    public int Length { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes, SlabPool slabs)
    {
        Length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_last is null || _end == _last.Length)
            {
                _slabs.Enqueue(_last = slabs.Rent(SlabSize.Small));
                _end = 0;
            }
            var taken = Math.Min(bytes.Length, _last.Length - _end);
            bytes[..taken].CopyTo(_last.Span[_end..]);
            bytes = bytes[taken..];
            _end += taken;
        }
    }

    /// <returns>How many of <paramref name="vectors"/> were set, oldest bytes first.</returns>
    public int Vectors(Span<IoVector> vectors)
    {
        var count = 0;
        var start = _start;
        foreach (var slab in _slabs)
        {
            if (count == vectors.Length) break;
            var end = ReferenceEquals(slab, _last) ? _end : slab.Length;
            vectors[count++] = slab.Vector.Slice(start, end - start);
            start = 0;
        }
        return count;
    }

    public void Consume(int bytes, SlabPool slabs)
    {
        Length -= bytes;
        while (bytes > 0)
        {
            var slab = _slabs.Peek();
            var available = (ReferenceEquals(slab, _last) ? _end : slab.Length) - _start;
            if (bytes < available)
            {
                _start += bytes;
                return;
            }
            bytes -= available;
            _start = 0;
            slabs.Return(_slabs.Dequeue());
            if (ReferenceEquals(slab, _last)) _last = null;
        }
    }

    public void Clear(SlabPool slabs)
    {
        while (_slabs.TryDequeue(out var slab)) slabs.Return(slab);
        _last = null;
        Length = 0;
    }
}
