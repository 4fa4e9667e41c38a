using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>Bytes in the order they came, in slabs of one loop: appended at the end, consumed at the front. Empty, it holds no slab.</summary>
/// <remarks>Has no bound of its own: who appends keeps one. On the loop only; <see cref="Clear"/> gives the slabs back.</remarks>
public sealed class SlabQueue
{
    private readonly Queue<Slab> _slabs = new();
    private Slab? _last;
    private int _start;      // first unread byte of the first slab
    private int _end;        // end of the bytes in the last slab

    public int Length { get; private set; }

    /// <summary>Slabs held, each <see cref="SlabSize.Small"/>.</summary>
    public int Slabs => _slabs.Count;

    /// <summary>The oldest bytes that lie together; empty only if all is.</summary>
    public ReadOnlySpan<byte> First => _slabs.TryPeek(out var slab) ? slab.Span[_start..EndOf(slab)] : default;

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
            vectors[count++] = slab.Vector.Slice(start, EndOf(slab) - start);
            start = 0;
        }
        return count;
    }

    /// <summary>Bytes that lie together from <paramref name="offset"/> on.</summary>
    /// <param name="offset">Less than <see cref="Length"/>.</param>
    public ReadOnlySpan<byte> PieceAt(int offset)
    {
        var at = _start + offset;
        foreach (var slab in _slabs)
        {
            if (at < EndOf(slab)) return slab.Span[at..EndOf(slab)];
            at -= slab.Length;
        }
        throw new ArgumentOutOfRangeException(nameof(offset), offset, $"There are {Length} bytes.");
    }

    public void Consume(int bytes, SlabPool slabs)
    {
        Length -= bytes;
        while (bytes > 0)
        {
            var slab = _slabs.Peek();
            var available = EndOf(slab) - _start;
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

    /// <summary>Drops what is left.</summary>
    public void Clear(SlabPool slabs)
    {
        while (_slabs.TryDequeue(out var slab)) slabs.Return(slab);
        _last = null;
        _start = 0;
        Length = 0;
    }

    private int EndOf(Slab slab) => ReferenceEquals(slab, _last) ? _end : slab.Length;
}
