using System.Buffers;

namespace Ambient.Linux;

/// <summary>Anonymous memory from the kernel: it never moves, costs nothing until touched, and is gone when disposed.</summary>
/// <remarks>Not finalized: whoever maps, disposes. Using a span of it after that is a crash, not an exception.</remarks>
public sealed unsafe class MappedMemory : MemoryManager<byte>
{
    private byte* _start;
    private readonly int _length;

    /// <param name="length">Bytes, rounded up to whole pages by the kernel; &gt; 0.</param>
    /// <exception cref="LinuxException">Out of memory or mappings (sysctl vm.max_map_count).</exception>
    public MappedMemory(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        var start = Libc.mmap(null, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        if ((nint)start == -1)
            CallResult.Of(-1).OrThrow($"mmap({length} bytes)");
        _start = (byte*)start;
        _length = length;
    }

    public int Length => _length;

    /// <summary>All of it.</summary>
    public IoVector Vector => new(_start, _length);

    public override Span<byte> GetSpan() => new(_start, _length);

    /// <summary>Gives the pages in a range back to the kernel; they read as zero afterwards.</summary>
    /// <param name="offset">A multiple of the page size (4096).</param>
    /// <exception cref="LinuxException">The range is not within the mapping, or not aligned.</exception>
    public void Discard(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _length - offset);
        CallResult.Of(Libc.madvise(_start + offset, (nuint)length, Libc.MADV_DONTNEED)).OrThrow("madvise(MADV_DONTNEED)");
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_start is null)
            return;
        _ = Libc.munmap(_start, (nuint)_length);
        _start = null;
    }
}
