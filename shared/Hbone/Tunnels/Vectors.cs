using Ambient.Linux;

namespace Ambient.Hbone.Tunnels;

/// <summary>Copies between scattered memory; only where a stream meets another stream instead of a socket.</summary>
internal static class Vectors
{
    public static int LengthOf(ReadOnlySpan<IoVector> vectors)
    {
        var length = 0;
        foreach (var vector in vectors) length += vector.Length;
        return length;
    }

    /// <returns>Bytes copied: the shorter of the two.</returns>
    public static int Copy(ReadOnlySpan<IoVector> from, ReadOnlySpan<IoVector> to)
    {
        int copied = 0, target = 0, filled = 0;
        foreach (var source in from)
        {
            for (var rest = source.Span; !rest.IsEmpty; )
            {
                if (target == to.Length) return copied;
                var room = to[target].Span[filled..];
                var taken = Math.Min(rest.Length, room.Length);
                rest[..taken].CopyTo(room);
                rest = rest[taken..];
                copied += taken;
                filled += taken;
                if (filled < to[target].Length) continue;
                target++;
                filled = 0;
            }
        }
        return copied;
    }
}
