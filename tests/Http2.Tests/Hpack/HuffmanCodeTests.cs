using Ambient.Http2.Hpack;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http2.Tests.Hpack;

public class HuffmanCodeTests
{
    [Fact]
    public void Every_symbol_reads_back_alone_and_among_others()
    {
        for (var symbol = 0; symbol < 256; symbol++)
        {
            AssertReadsBack([(byte)symbol]);
            AssertReadsBack([(byte)'a', (byte)symbol, (byte)symbol, (byte)'~', 0xF9, (byte)symbol]);
        }
    }

    [Theory]
    [InlineData("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff")]
    [InlineData("no-cache", "a8eb10649cbf")]
    [InlineData("\0", "ffc7")]              // 13 bits: 1111111111000
    [InlineData("\n", "fffffff3")]          // 30 bits
    [InlineData("<", "fff9")]              // 15 bits
    public void Codes_are_those_of_appendix_B(string text, string hex)
    {
        var raw = System.Text.Encoding.Latin1.GetBytes(text);
        var encoded = new byte[HuffmanCode.EncodedLength(raw)];
        HuffmanCode.Encode(raw, encoded);
        Assert.Equal(hex, Convert.ToHexStringLower(encoded));
    }

    [Fact]
    public void Any_text_reads_back() => Prop.ForAll<byte[]>(text => ReadBack(text).AsSpan().SequenceEqual(text)).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_decode_or_are_refused_and_what_decodes_encodes_to_the_same() => Prop.ForAll<byte[]>(bytes =>
    {
        var text = new byte[HuffmanCode.MaxDecodedLength(bytes.Length)];
        if (!HuffmanCode.TryDecode(bytes, text, out var length)) return true;
        var again = new byte[bytes.Length];
        return HuffmanCode.EncodedLength(text.AsSpan(0, length)) == bytes.Length &&
            HuffmanCode.Encode(text.AsSpan(0, length), again) == bytes.Length && again.AsSpan().SequenceEqual(bytes);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("ff")]              // a whole byte of padding
    [InlineData("1fff")]            // 'a' and more than a byte of padding
    [InlineData("18")]              // 'a', then padding that is not ones
    [InlineData("fffffffc")]        // EOS and zeros
    [InlineData("ffffffff")]        // EOS and ones
    [InlineData("fe")]              // cut inside a code
    public void Wrong_padding_and_EOS_are_refused(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        Assert.False(HuffmanCode.TryDecode(bytes, new byte[100], out _));
    }

    private static void AssertReadsBack(byte[] text) => Assert.Equal(text, ReadBack(text));

    private static byte[] ReadBack(byte[] text)
    {
        var encoded = new byte[HuffmanCode.EncodedLength(text)];
        Assert.Equal(encoded.Length, HuffmanCode.Encode(text, encoded));
        var decoded = new byte[HuffmanCode.MaxDecodedLength(encoded.Length)];
        Assert.True(HuffmanCode.TryDecode(encoded, decoded, out var length));
        return decoded[..length];
    }
}
