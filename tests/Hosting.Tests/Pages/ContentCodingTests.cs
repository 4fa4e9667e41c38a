using System.IO.Compression;
using System.Text;
using Ambient.Hosting.Pages;
using Xunit;

namespace Ambient.Hosting.Tests.Pages;

public sealed class ContentCodingTests
{
    [Theory]
    [InlineData("", "identity")]
    [InlineData("gzip", "gzip")]
    [InlineData("deflate, gzip, br, zstd", "gzip")]
    [InlineData("gzip;q=0.5, br;q=0.8", "br")]
    [InlineData("GZIP;q=0, deflate;q=0.1", "deflate")]
    [InlineData("*", "gzip")]
    [InlineData("gzip;q=0, *;q=0.5", "br")]
    [InlineData("identity, gzip;q=0.5", "identity")]
    [InlineData("identity;q=0.5, gzip;q=0.5", "gzip")]
    [InlineData("zstd", "identity")]
    [InlineData("identity;q=0", "identity")]
    [InlineData("gzip;q=nonsense", "identity")]
    [InlineData("gzip;q=7", "identity")]
    public void The_client_s_weights_decide(string accept, string expected) =>
        Assert.Equal(expected, ContentCoding.Choose(accept, 10_000).Name);

    [Fact]
    public void Small_bodies_are_left_alone()
    {
        Assert.False(ContentCoding.Choose("gzip", ContentCoding.SmallestBody - 1).IsEncoded);
        Assert.True(ContentCoding.Choose("gzip", ContentCoding.SmallestBody).IsEncoded);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void Every_coding_reads_back(string name)
    {
        var body = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("istio_tcp_connections_opened_total 1\n", 1000)));

        var encoded = ContentCoding.Choose(name, body.Length).Encode(body);

        Assert.InRange(encoded.Length, 1, body.Length / 10);
        Assert.Equal(body, Decode(name, encoded));
    }

    private static byte[] Decode(string name, ReadOnlyMemory<byte> encoded)
    {
        var input = new MemoryStream(encoded.ToArray());
        using Stream decoder = name switch
        {
            "gzip" => new GZipStream(input, CompressionMode.Decompress),
            "br" => new BrotliStream(input, CompressionMode.Decompress),
            _ => new ZLibStream(input, CompressionMode.Decompress),
        };
        using var output = new MemoryStream();
        decoder.CopyTo(output);
        return output.ToArray();
    }
}
