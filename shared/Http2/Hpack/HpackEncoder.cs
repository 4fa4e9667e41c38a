namespace Ambient.Http2.Hpack;

/// <summary>
/// Encodes header lists (RFC 7541) with the static table and Huffman alone. Adding to the peer's table would save bytes
/// and cost state that has to be kept, moved and trusted.
/// </summary>
internal static class HpackEncoder
{
    /// <summary>Bytes that <see cref="Encode"/> writes at most.</summary>
    public static int MaxBytes(HeaderList headers) => headers.ListBytes; // 32 for each field covers its integers

    /// <summary>
    /// Tells the peer that its table stays empty (RFC 7541 §6.3), first thing in the first block. That also answers, once and
    /// for all, any SETTINGS that lowers the size (§4.2).
    /// </summary>
    public static int CloseTable(Span<byte> into) => HpackInteger.Write(into, 0, 5, 0x20);

    /// <returns>Bytes written.</returns>
    public static int Encode(HeaderList headers, Span<byte> into)
    {
        var written = 0;
        for (var i = 0; i < headers.Count; i++) written += EncodeField(headers[i], into[written..]);
        return written;
    }

    private static int EncodeField(HeaderField field, Span<byte> into)
    {
        var name = StaticTable.FindName(field.Name);
        if (name != 0 && !field.NeverIndexed && StaticTable.FindValue(name, field.Value) is not 0 and var whole)
            return HpackInteger.Write(into, whole, 7, 0x80);

        var written = HpackInteger.Write(into, name, 4, field.NeverIndexed ? (byte)0x10 : (byte)0);
        if (name == 0) written += EncodeString(field.Name, into[written..]);
        return written + EncodeString(field.Value, into[written..]);
    }

    private static int EncodeString(ReadOnlySpan<byte> text, Span<byte> into)
    {
        var encoded = HuffmanCode.EncodedLength(text);
        if (encoded < text.Length)
        {
            var head = HpackInteger.Write(into, encoded, 7, 0x80);
            return head + HuffmanCode.Encode(text, into[head..]);
        }
        var plainHead = HpackInteger.Write(into, text.Length, 7, 0);
        text.CopyTo(into[plainHead..]);
        return plainHead + text.Length;
    }
}
