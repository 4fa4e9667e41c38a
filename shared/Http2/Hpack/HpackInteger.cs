namespace Ambient.Http2.Hpack;

/// <summary>Integers with a prefix of 4 to 7 bits (RFC 7541 §5.1).</summary>
internal static class HpackInteger
{
    /// <summary>Bytes that any <see cref="int"/> takes at most.</summary>
    public const int MaxBytes = 6;

    /// <summary>Reads a value and moves <paramref name="at"/> past it.</summary>
    /// <returns>False if it is cut off, or above 2^28 or so: nothing we take is nearly as large.</returns>
    public static bool TryRead(ReadOnlySpan<byte> block, ref int at, int prefixBits, out int value)
    {
        var most = (1 << prefixBits) - 1;
        value = block[at++] & most;
        if (value < most) return true;
        for (var shift = 0; shift < 28 && at < block.Length; shift += 7)
        {
            var b = block[at++];
            value += (b & 0x7F) << shift;
            if ((b & 0x80) == 0) return true;
        }
        return false;
    }

    /// <param name="pattern">The bits above the prefix.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> into, int value, int prefixBits, byte pattern)
    {
        var most = (1 << prefixBits) - 1;
        if (value < most)
        {
            into[0] = (byte)(pattern | value);
            return 1;
        }
        into[0] = (byte)(pattern | most);
        var written = 1;
        for (value -= most; value >= 0x80; value >>= 7) into[written++] = (byte)(value | 0x80);
        into[written++] = (byte)value;
        return written;
    }
}
