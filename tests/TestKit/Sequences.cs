using System.Buffers;

namespace Ambient.TestKit;

/// <summary>The same bytes cut in different places, for "where the input is cut does not matter".</summary>
public static class Sequences
{
    /// <summary>Two segments; either may be empty.</summary>
    public static ReadOnlySequence<byte> Split(ReadOnlyMemory<byte> bytes, int at) => Join([bytes[..at], bytes[at..]]);

    /// <summary>One segment for each piece, in order.</summary>
    public static ReadOnlySequence<byte> Join(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        if (pieces.Count == 0) return ReadOnlySequence<byte>.Empty;

        var first = new Segment(pieces[0], 0);
        var last = first;
        foreach (var piece in pieces.Skip(1)) last = last.Append(piece);
        return new(first, 0, last, last.Memory.Length);
    }

    /// <summary>
    /// Cuts <paramref name="bytes"/> into pieces whose sizes follow <paramref name="sizes"/> around and around (values are
    /// taken modulo 64, so that a generator of any integers will do); every byte comes exactly once.
    /// </summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Pieces(ReadOnlyMemory<byte> bytes, IReadOnlyList<int> sizes)
    {
        for (var (at, turn) = (0, 0); at < bytes.Length; turn++)
        {
            var wanted = sizes.Count == 0 ? bytes.Length : 1 + (int)((uint)sizes[turn % sizes.Count] % 64);
            var length = Math.Min(wanted, bytes.Length - at);
            yield return bytes.Slice(at, length);
            at += length;
        }
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex) => (Memory, RunningIndex) = (memory, runningIndex);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
