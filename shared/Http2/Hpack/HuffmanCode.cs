namespace Ambient.Http2.Hpack;

/// <summary>
/// The fixed Huffman code of RFC 7541 appendix B. It is canonical: codes of one length are consecutive, in the order of
/// their symbols, so the lengths say everything.
/// </summary>
internal static class HuffmanCode
{
    private const int Symbols = 257; // 256 is EOS
    private const int LongestCode = 30;
    private const int FastBits = 9;

    private static readonly uint[] Codes = new uint[Symbols];

    // Codes of up to nine bits: symbol << 4 | length, by the next nine bits. 0: the code is longer.
    private static readonly ushort[] Fast = new ushort[1 << FastBits];

    // For longer codes, by length: the first code beyond it, left-aligned to 32 bits, and what turns a code into an index.
    private static readonly uint[] Limit = new uint[LongestCode + 1];
    private static readonly int[] Offset = new int[LongestCode + 1];
    private static readonly ushort[] Ordered = new ushort[Symbols];

    static HuffmanCode()
    {
        var code = 0u;
        var index = 0;
        for (var length = 5; length <= LongestCode; length++)
        {
            code <<= 1;
            Offset[length] = index - (int)code;
            for (var symbol = 0; symbol < Symbols; symbol++)
            {
                if (Lengths[symbol] != length) continue;
                Codes[symbol] = code++;
                Ordered[index++] = (ushort)symbol;
            }
            // The last code of all has only ones: nothing lies beyond it.
            Limit[length] = length == LongestCode ? uint.MaxValue : code << (32 - length);
        }
        for (var symbol = 0; symbol < Symbols; symbol++)
            if (Lengths[symbol] <= FastBits)
                Array.Fill(Fast, (ushort)(symbol << 4 | Lengths[symbol]),
                    (int)Codes[symbol] << (FastBits - Lengths[symbol]), 1 << (FastBits - Lengths[symbol]));
    }

    private static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    /// <summary>Bytes that <paramref name="text"/> takes when encoded.</summary>
    public static int EncodedLength(ReadOnlySpan<byte> text)
    {
        var bits = 0L;
        foreach (var b in text) bits += Lengths[b];
        return (int)((bits + 7) / 8);
    }

    /// <summary>Bytes that <paramref name="encodedLength"/> bytes decode to at most: the shortest code has five bits.</summary>
    public static int MaxDecodedLength(int encodedLength) => (int)(encodedLength * 8L / 5);

    /// <param name="into">At least <see cref="EncodedLength"/> bytes.</param>
    public static int Encode(ReadOnlySpan<byte> text, Span<byte> into)
    {
        var pending = 0UL;
        var bits = 0;
        var written = 0;
        foreach (var b in text)
        {
            pending = pending << Lengths[b] | Codes[b];
            bits += Lengths[b];
            for (; bits >= 8; bits -= 8) into[written++] = (byte)(pending >> (bits - 8));
        }
        if (bits > 0) into[written++] = (byte)(pending << (8 - bits) | 0xFFu >> bits); // padded with EOS, §5.2
        return written;
    }

    /// <param name="into">At least <see cref="MaxDecodedLength"/> bytes.</param>
    /// <returns>False if a code is EOS or the padding is not the start of EOS, shorter than a byte (RFC 7541 §5.2).</returns>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> into, out int written)
    {
        written = 0;
        var pending = 0UL; // the next bits, left-aligned
        var bits = 0;
        var read = 0;
        while (true)
        {
            for (; bits <= 56 && read < encoded.Length; bits += 8) pending |= (ulong)encoded[read++] << (56 - bits);
            if (bits == 0) return true;
            var (symbol, length) = Next((uint)(pending >> 32));
            if (length > bits) return bits < 8 && pending == ~0UL << (64 - bits);
            if (symbol == 256) return false;
            into[written++] = (byte)symbol;
            pending <<= length;
            bits -= length;
        }
    }

    private static (int Symbol, int Length) Next(uint bits)
    {
        var fast = Fast[bits >> (32 - FastBits)];
        if (fast != 0) return (fast >> 4, fast & 15);
        var length = FastBits + 1;
        while (length < LongestCode && bits >= Limit[length]) length++;
        return (Ordered[(int)(bits >> (32 - length)) + Offset[length]], length);
    }
}
