using Ambient.Linux;

namespace Ambient.Transport;

public enum SlabSize : byte
{
    /// <summary>32 KiB: one TLS record with its surroundings, or a small write.</summary>
    Small,

    /// <summary>320 KiB: 256 KiB of payload and room for headers around it.</summary>
    Large,
}

/// <summary>A buffer outside the managed heap. Whoever rents it returns it, once, and does not touch it afterwards.</summary>
public sealed class Slab
{
    private readonly MappedMemory _memory;

    internal Slab(SlabSize size)
    {
        Size = size;
        _memory = new(SlabPool.BytesOf(size));
        Vector = _memory.Vector;
    }

    public SlabSize Size { get; }

    public int Length => Vector.Length;

    public Memory<byte> Memory => _memory.Memory;

    public Span<byte> Span => Vector.Span;

    /// <summary>All of it, for the kernel.</summary>
    public IoVector Vector { get; }

    internal bool IsRented { get; set; }

    internal void Free() => ((IDisposable)_memory).Dispose();
}

/// <summary>The buffers of one loop: the one returned last is rented first, because it is in the processor's cache.</summary>
/// <remarks>On the loop only. A slab that was not needed for a while goes back to the kernel; an idle loop keeps none.</remarks>
public sealed class SlabPool : IDisposable
{
    private const int SmallBytes = 32 * 1024, LargeBytes = 320 * 1024;
    private static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(1);

    private readonly Stack _small = new(SlabSize.Small);
    private readonly Stack _large = new(SlabSize.Large);
    private readonly LoopTimer _trim;

    internal SlabPool(EventLoop loop) => _trim = new(loop, static pool => ((SlabPool)pool!).Trim(), this);

    /// <summary>Slabs rented now.</summary>
    public int Rented { get; private set; }

    /// <summary>Bytes of those.</summary>
    public long RentedBytes { get; private set; }

    /// <summary>Slabs kept for the next to rent.</summary>
    public int Kept => _small.Count + _large.Count;

    public static int BytesOf(SlabSize size) => size == SlabSize.Small ? SmallBytes : LargeBytes;

    /// <summary>A slab with whatever bytes it had before.</summary>
    /// <exception cref="LinuxException">Out of memory.</exception>
    public Slab Rent(SlabSize size)
    {
        var slab = Of(size).Take() ?? new Slab(size);
        slab.IsRented = true;
        Rented++;
        RentedBytes += slab.Length;
        return slab;
    }

    /// <exception cref="InvalidOperationException">It was returned before.</exception>
    public void Return(Slab slab)
    {
        if (!slab.IsRented)
            throw new InvalidOperationException("The slab was returned already.");
        slab.IsRented = false;
        Rented--;
        RentedBytes -= slab.Length;
        Of(slab.Size).Put(slab);
        if (!_trim.IsRunning)
            _trim.Start(TrimInterval);
    }

    /// <summary>Frees what is kept; slabs that are rented stay valid.</summary>
    public void Dispose()
    {
        _trim.Cancel();
        _small.Free(_small.Count);
        _large.Free(_large.Count);
    }

    private Stack Of(SlabSize size) => size == SlabSize.Small ? _small : _large;

    private void Trim()
    {
        _small.FreeUnused();
        _large.FreeUnused();
        if (Kept > 0)
            _trim.Start(TrimInterval);
    }

    private sealed class Stack(SlabSize size)
    {
        private readonly Stack<Slab> _slabs = new();
        private int _unused; // the fewest that lay here since the last trim: nobody missed those

        internal int Count => _slabs.Count;

        internal Slab? Take()
        {
            _slabs.TryPop(out var slab);
            _unused = Math.Min(_unused, _slabs.Count);
            return slab;
        }

        internal void Put(Slab slab) => _slabs.Push(slab);

        internal void FreeUnused()
        {
            Free(_unused);
            _unused = _slabs.Count;
        }

        internal void Free(int count)
        {
            for (; count > 0; count--)
                _slabs.Pop().Free();
        }

        public override string ToString() => $"{Count} × {size}";
    }
}
