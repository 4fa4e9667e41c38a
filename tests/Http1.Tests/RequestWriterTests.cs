using System.Buffers;
using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http1.Requests;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http1.Tests;

public sealed class RequestWriterTests
{
    [Fact]
    public void A_head_has_its_line_host_fields_and_framing()
    {
        var output = new ArrayBufferWriter<byte>();

        RequestWriter.Begin(output, "POST"u8, "/a?b"u8, "shop:80"u8).Field("x"u8, "y"u8).End(BodyFraming.OfLength(3));

        Assert.Equal("POST /a?b HTTP/1.1\r\nhost: shop:80\r\nx: y\r\ncontent-length: 3\r\n\r\n", Text(output));
    }

    [Fact]
    public void A_request_without_body_says_nothing_of_one()
    {
        var output = new ArrayBufferWriter<byte>();

        RequestWriter.Begin(output, "GET"u8, "/"u8, "a"u8).End(BodyFraming.None);

        Assert.Equal("GET / HTTP/1.1\r\nhost: a\r\n\r\n", Text(output));
    }

    [Fact]
    public void An_upgrade_names_its_protocol()
    {
        var output = new ArrayBufferWriter<byte>();

        RequestWriter.Begin(output, "GET"u8, "/chat"u8, "a"u8).EndUpgrade("websocket"u8);

        Assert.Equal("GET /chat HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", Text(output));
    }

    [Theory]
    [InlineData("G T", "/", "a", "x", "y")]
    [InlineData("", "/", "a", "x", "y")]
    [InlineData("GET", "/ HTTP/1.1\r\nX: y", "a", "x", "y")]
    [InlineData("GET", "", "a", "x", "y")]
    [InlineData("GET", "/#x", "a", "x", "y")]
    [InlineData("GET", "/", "a\r\nx: y", "x", "y")]
    [InlineData("GET", "/", "a", "x y", "y")]
    [InlineData("GET", "/", "a", "x", "y\r\nz: 1")]
    [InlineData("GET", "/", "a", "Content-Length", "1")]
    [InlineData("GET", "/", "a", "Transfer-Encoding", "chunked")]
    [InlineData("GET", "/", "a", "Connection", "x")]
    public void What_could_split_the_request_is_a_bug_of_the_caller(string method, string target, string authority, string name, string value) =>
        Assert.Throws<ArgumentException>(() =>
            RequestWriter.Begin(new ArrayBufferWriter<byte>(), Bytes(method), Bytes(target), Bytes(authority)).Field(Bytes(name), Bytes(value)).End(BodyFraming.None));

    [Fact]
    public void A_request_cannot_end_with_its_connection() =>
        Assert.Throws<ArgumentException>(() =>
            RequestWriter.Begin(new ArrayBufferWriter<byte>(), "GET"u8, "/"u8, "a"u8).End(BodyFraming.UntilClose));

    [Fact]
    public void Whatever_is_written_reads_back_the_same() =>
        Prop.ForAll(Words, Words, ArbMap.Default.ArbFor<uint>(), (names, values, length) =>
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = RequestWriter.Begin(output, "PUT"u8, "/x"u8, "h"u8);
            var fields = names.Zip(values).Take(50).ToList();
            foreach (var (name, value) in fields) writer.Field(Bytes(name), Bytes(value));
            writer.End(BodyFraming.OfLength(length));

            var parser = new RequestParser(Http1Limits.Default);
            if (parser.Feed(output.WrittenSpan, out var consumed) != HeadStatus.Complete || consumed != output.WrittenCount) return false;
            var read = new List<(string, string)>();
            foreach (var field in parser.Head.Fields) read.Add((Text(field.Name), Text(field.Value)));
            return parser.Head.Framing == BodyFraming.OfLength(length) && read.Skip(1).SkipLast(1).SequenceEqual(fields);
        }).QuickCheckThrowOnFailure();

    private static Arbitrary<List<string>> Words { get; } =
        Gen.Elements("a", "x-long-name", "B", "accept", "1", "y~z").ListOf().Select(list => list.ToList()).ToArbitrary();

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(bytes);

    private static string Text(ArrayBufferWriter<byte> output) => Text(output.WrittenSpan);
}
