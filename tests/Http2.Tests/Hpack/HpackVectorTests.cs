using Ambient.Http2.Hpack;
using Ambient.Http2.Tests.Wire;
using Xunit;

namespace Ambient.Http2.Tests.Hpack;

/// <summary>The examples of RFC 7541 appendix C.</summary>
public class HpackVectorTests
{
    private const string First = ":method=GET; :scheme=http; :path=/; :authority=www.example.com";
    private const string Second = First + "; cache-control=no-cache";
    private const string Third = ":method=GET; :scheme=https; :path=/index.html; :authority=www.example.com; custom-key=custom-value";
    private const string Rest21 = "cache-control=private; date=Mon, 21 Oct 2013 20:13:21 GMT; location=https://www.example.com";
    private const string Cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    private const string Third200 = ":status=200; cache-control=private; date=Mon, 21 Oct 2013 20:13:22 GMT; " +
        "location=https://www.example.com; content-encoding=gzip; set-cookie=" + Cookie;

    [Theory]
    [InlineData(10, 5, "0a")]
    [InlineData(1337, 5, "1f9a0a")]
    [InlineData(42, 8, "2a")]
    [InlineData(30, 5, "1e")]
    [InlineData(31, 5, "1f00")]
    [InlineData(int.MaxValue / 8, 7, "7f80ffff7f")]
    public void Integers_are_written_and_read_as_in_C_1(int value, int prefix, string hex)
    {
        var bytes = new byte[HpackInteger.MaxBytes];
        var written = HpackInteger.Write(bytes, value, prefix, 0);
        var at = 0;

        Assert.Equal(hex, Convert.ToHexStringLower(bytes[..written]));
        Assert.True(HpackInteger.TryRead(bytes.AsSpan(0, written), ref at, prefix, out var read));
        Assert.Equal((value, written), (read, at));
    }

    [Theory]
    [InlineData("1f")]
    [InlineData("1f80")]
    [InlineData("1fffffffffff")]
    [InlineData("1f8080808001")]
    [InlineData("1f808080808080808080808080808000")]
    public void Integers_that_are_cut_off_or_huge_are_refused(string hex)
    {
        var at = 0;
        Assert.False(HpackInteger.TryRead(Convert.FromHexString(hex), ref at, 5, out _));
    }

    [Theory]
    [InlineData("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key=custom-header", 55)] // C.2.1
    [InlineData("040c2f73616d706c652f70617468", ":path=/sample/path", 0)] // C.2.2
    [InlineData("100870617373776f726406736563726574", "password=secret", 0)] // C.2.3
    [InlineData("82", ":method=GET", 0)] // C.2.4
    public void Field_examples_of_C_2_decode(string hex, string fields, int tableSize) =>
        Decode(4096, (hex, fields, tableSize));

    [Fact]
    public void Secret_fields_stay_secret()
    {
        var list = new HeaderList();
        new HpackDecoder(4096).Decode(Convert.FromHexString("100870617373776f726406736563726574"), list, 1000);

        Assert.True(list[0].NeverIndexed);
        var again = new byte[100];
        Assert.Equal(0x10, again[..HpackEncoder.Encode(list, again)][0]);
    }

    [Fact]
    public void Requests_of_C_3_decode() => Decode(4096,
        ("828684410f7777772e6578616d706c652e636f6d", First, 57),
        ("828684be58086e6f2d6361636865", Second, 110),
        ("828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", Third, 164));

    [Fact]
    public void Huffman_requests_of_C_4_decode() => Decode(4096,
        ("828684418cf1e3c2e5f23a6ba0ab90f4ff", First, 57),
        ("828684be5886a8eb10649cbf", Second, 110),
        ("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", Third, 164));

    [Fact]
    public void Responses_of_C_5_decode_with_eviction() => Decode(256,
        ("4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
            ":status=302; " + Rest21, 222),
        ("4803333037c1c0bf", ":status=307; " + Rest21, 222),
        ("88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
            Third200, 215));

    [Fact]
    public void Huffman_responses_of_C_6_decode_with_eviction() => Decode(256,
        ("488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
            ":status=302; " + Rest21, 222),
        ("4883640effc1c0bf", ":status=307; " + Rest21, 222),
        ("88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            Third200, 215));

    private static void Decode(int tableSize, params (string Hex, string Fields, int TableSize)[] blocks)
    {
        var decoder = new HpackDecoder(tableSize);
        decoder.Table.Resize(tableSize);
        foreach (var (hex, fields, size) in blocks)
        {
            var list = new HeaderList();

            Assert.Equal(HpackResult.Done, decoder.Decode(Convert.FromHexString(hex), list, 65536));

            Assert.Equal(fields, Recorder.Show(list));
            Assert.Equal(size, decoder.Table.Size);
        }
    }
}
