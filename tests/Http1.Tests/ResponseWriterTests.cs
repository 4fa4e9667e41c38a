using System.Buffers;
using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Responses;
using Xunit;

namespace Ambient.Http1.Tests;

public sealed class ResponseWriterTests
{
    [Fact]
    public void A_head_has_status_fields_and_framing()
    {
        var output = new ArrayBufferWriter<byte>();

        var framing = ResponseWriter.Begin(output, 200).Field("content-type"u8, "text/plain"u8).End(200, BodyFraming.OfLength(12), keepAlive: true);

        Assert.Equal("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\n\r\n", Text(output));
        Assert.Equal(BodyFraming.OfLength(12), framing);
    }

    [Theory]
    [InlineData(204, "", BodyKind.None)]
    [InlineData(103, "", BodyKind.None)]
    [InlineData(200, "transfer-encoding: chunked\r\n", BodyKind.Chunked)]
    [InlineData(304, "transfer-encoding: chunked\r\n", BodyKind.Chunked)]
    public void What_carries_no_body_has_no_framing(int status, string expected, BodyKind kind)
    {
        var output = new ArrayBufferWriter<byte>();

        var framing = ResponseWriter.Begin(output, status).End(status, BodyFraming.Chunked, keepAlive: true);

        Assert.EndsWith($"\r\n{expected}\r\n", Text(output));
        Assert.Equal(kind, framing.Kind);
    }

    [Fact]
    public void An_empty_body_is_told()
    {
        var output = new ArrayBufferWriter<byte>();

        ResponseWriter.Begin(output, 404).End(404, BodyFraming.None, keepAlive: false);

        Assert.Equal("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", Text(output));
    }

    [Fact]
    public void Http_1_0_gets_no_chunks_and_is_told_of_a_kept_connection()
    {
        var (chunked, length) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());

        var framing = ResponseWriter.Begin(chunked, 200).End(200, BodyFraming.Chunked, keepAlive: true, HttpVersion.Http10);
        ResponseWriter.Begin(length, 200).End(200, BodyFraming.OfLength(1), keepAlive: true, HttpVersion.Http10);

        Assert.Equal(BodyFraming.UntilClose, framing);
        Assert.Equal("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", Text(chunked));
        Assert.Equal("HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\n", Text(length));
    }

    [Theory]
    [InlineData("x", "a\r\nset-cookie: b")]
    [InlineData("x", "a\nb")]
    [InlineData("x", "a\0")]
    [InlineData("x y", "a")]
    [InlineData("x:", "a")]
    [InlineData("", "a")]
    [InlineData("Content-Length", "3")]
    [InlineData("transfer-encoding", "chunked")]
    [InlineData("CONNECTION", "close")]
    public void What_could_split_the_response_is_a_bug_of_the_caller(string name, string value) =>
        Assert.Throws<ArgumentException>(() =>
        {
            ResponseWriter.Begin(new ArrayBufferWriter<byte>(), 200).Field(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        });

    [Fact]
    public void A_status_without_a_phrase_keeps_its_space()
    {
        var output = new ArrayBufferWriter<byte>();

        ResponseWriter.Begin(output, 299).End(299, BodyFraming.None, keepAlive: true);

        Assert.StartsWith("HTTP/1.1 299 \r\n", Text(output));
    }

    private static string Text(ArrayBufferWriter<byte> output) => Encoding.ASCII.GetString(output.WrittenSpan);
}
