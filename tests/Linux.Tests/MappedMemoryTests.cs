using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Linux.Tests;

public class MappedMemoryTests
{
    [Fact]
    public void Discarded_pages_read_as_zero_and_others_stay()
    {
        using var memory = new MappedMemory(3 * 4096);
        memory.GetSpan().Fill(7);

        memory.Discard(4096, 4096);

        Assert.Equal(7, memory.GetSpan()[4095]);
        Assert.True(memory.GetSpan().Slice(4096, 4096).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(7, memory.GetSpan()[8192]);
    }

    [Fact]
    public void A_vector_over_a_slice_is_that_slice() =>
        Prop.ForAll<ushort, ushort>((a, b) =>
        {
            using var memory = new MappedMemory(ushort.MaxValue * 2);
            var slice = memory.Memory.Slice(a, b);
            slice.Span.Fill(3);

            var vector = IoVector.Over(slice);

            return vector.Length == b && vector.Span.SequenceEqual(slice.Span)
                && (b == 0 || System.Runtime.CompilerServices.Unsafe.AreSame(ref vector.Span[0], ref slice.Span[0]));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_vector_over_a_pinned_array_points_into_it()
    {
        var array = GC.AllocateArray<byte>(100, pinned: true);
        var vector = IoVector.Over(array.AsMemory(10, 20));

        vector.Span.Fill(9);

        Assert.Equal([0, 9, 9], array[9..12]);
        Assert.Equal([9, 0], array[29..31]);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 4097)]
    [InlineData(4096, 1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(1, -1)]
    public void A_slice_outside_a_vector_is_refused(int start, int length)
    {
        using var memory = new MappedMemory(4096);

        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Vector.Slice(start, length));
    }

    [Fact]
    public void Disposing_unmaps()
    {
        const int size = 1 << 30; // far more than the runtime maps meanwhile
        var memory = new MappedMemory(size);
        var mapped = MappedBytes();

        ((IDisposable)memory).Dispose();

        Assert.True(MappedBytes() < mapped - size / 2);
    }

    private static long MappedBytes()
    {
        var pages = File.ReadAllText("/proc/self/statm").Split(' ')[0];
        return long.Parse(pages, System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
