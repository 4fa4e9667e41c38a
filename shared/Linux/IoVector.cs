using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ambient.Linux;

/// <summary>A piece of memory that does not move, laid out as <c>struct iovec</c> so that spans of it go to the kernel as they are.</summary>
/// <remarks>It does not keep the memory alive: whoever holds one also holds its owner.</remarks>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe struct IoVector
{
    private readonly byte* _start;
    private readonly nuint _length;

    internal IoVector(byte* start, int length)
    {
        _start = start;
        _length = (nuint)length;
    }

    public int Length => (int)_length;

    public Span<byte> Span => new(_start, (int)_length);

    /// <summary>The vector of memory that lies in a <see cref="MappedMemory"/> or in an array allocated pinned.</summary>
    /// <param name="memory">An ordinary array must have come from <c>GC.AllocateArray(pinned: true)</c>: the collector moves others.</param>
    /// <exception cref="ArgumentException">The memory is of another kind.</exception>
    public static IoVector Over(ReadOnlyMemory<byte> memory)
    {
        if (MemoryMarshal.TryGetMemoryManager<byte, MappedMemory>(memory, out var mapped, out var start, out var length))
            return mapped.Vector.Slice(start, length);
        if (memory.IsEmpty)
            return default;
        if (MemoryMarshal.TryGetArray(memory, out var array))
            return new((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array.Array!)) + array.Offset, array.Count);
        throw new ArgumentException("Only mapped memory and pinned arrays can be given to the kernel without pinning.", nameof(memory));
    }

    /// <exception cref="ArgumentOutOfRangeException">The slice is not within this vector.</exception>
    public IoVector Slice(int start, int length)
    {
        if ((ulong)(uint)start + (uint)length > _length)
            throw new ArgumentOutOfRangeException(nameof(length), $"Slice {start}+{length} of a vector of {_length} bytes.");
        return new(_start + start, length);
    }

    public IoVector Slice(int start) => Slice(start, Length - start);
}
