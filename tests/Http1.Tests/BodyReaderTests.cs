using System.Text;
using Ambient.Http1.Bodies;
using Xunit;

namespace Ambient.Http1.Tests;

public sealed class BodyReaderTests
{
    [Fact]
    public void A_body_of_a_length_ends_there()
    {
        var reader = Begin(BodyFraming.OfLength(5));

        var first = reader.Next("abc"u8);
        var second = reader.Next("deNEXT"u8);
        var end = reader.Next("NEXT"u8);

        Assert.Equal(new BodyStep(BodyStatus.Data, 3, 0, 3), first);
        Assert.Equal(new BodyStep(BodyStatus.Data, 2, 0, 2), second);
        Assert.Equal(new BodyStep(BodyStatus.Complete, 0), end);
    }

    [Fact]
    public void Chunks_are_joined_extensions_dropped_and_trailers_kept()
    {
        var (data, status, reader) = ReadAll("3;a=\"b\"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n");

        Assert.Equal(BodyStatus.Complete, status);
        Assert.Equal("abc0123456789", data);
        Assert.True(reader.Trailers.TryGet("x-sum"u8, out var sum));
        Assert.Equal("1", Encoding.ASCII.GetString(sum));
    }

    [Theory]
    [InlineData("Content-Length")]
    [InlineData("transfer-encoding")]
    [InlineData("HOST")]
    [InlineData("Authorization")]
    [InlineData("X-Forwarded-For")]
    [InlineData("Set-Cookie")]
    public void Fields_that_would_change_the_message_are_no_trailers(string name)
    {
        var (_, status, reader) = ReadAll($"0\r\n{name}: 1\r\nX-Kept: 2\r\n\r\n");

        Assert.Equal(BodyStatus.Complete, status);
        Assert.Equal(1, reader.Trailers.Count);
        Assert.True(reader.Trailers.TryGet("x-kept"u8, out _));
    }

    [Theory]
    [InlineData("0x3\r\nabc\r\n", Http1Violation.BadChunkSize)]
    [InlineData("-3\r\nabc\r\n", Http1Violation.BadChunkSize)]
    [InlineData("\r\nabc\r\n", Http1Violation.BadChunkSize)]
    [InlineData(" 3\r\nabc\r\n", Http1Violation.BadChunkSize)]
    [InlineData("3 \r\nabc\r\n", Http1Violation.BadChunkSize)]
    [InlineData("1000000000000000\r\n", Http1Violation.BadChunkSize)]
    [InlineData("0000000000000003\r\nabc\r\n", Http1Violation.BadChunkSize)]
    [InlineData("3\nabc\r\n", Http1Violation.BareLineFeed)]
    [InlineData("3;x\nabc\r\n", Http1Violation.BareLineFeed)]
    [InlineData("3\rabc\r\n", Http1Violation.BareCarriageReturn)]
    [InlineData("3;\0\r\nabc\r\n", Http1Violation.BadChunkExtension)]
    [InlineData("3\r\nabcd\r\n", Http1Violation.BadChunkEnd)]
    [InlineData("3\r\nabc\n", Http1Violation.BadChunkEnd)]
    [InlineData("3\r\nabc\rX", Http1Violation.BadChunkEnd)]
    [InlineData("0\r\nX : 1\r\n\r\n", Http1Violation.SpaceBeforeColon)]
    [InlineData("0\r\n\n", Http1Violation.BareLineFeed)]
    public void Chunks_that_two_readers_could_see_differently_are_refused(string wire, Http1Violation expected)
    {
        var (_, status, reader) = ReadAll(wire);

        Assert.Equal(BodyStatus.Refused, status);
        Assert.Equal(expected, reader.Error.Violation);
        Assert.Equal(BodyStatus.Refused, reader.Next("0\r\n\r\n"u8).Status);
    }

    [Fact]
    public void Every_limit_takes_its_number_and_refuses_one_more()
    {
        var limits = new Http1Limits { ChunkLineBytes = 8, BodyBytes = 10, TrailerBytes = 20, TrailerCount = 2 };

        Assert.Equal(BodyStatus.Complete, ReadAll("3;123456\r\nabc\r\n0\r\n\r\n", limits).Status);
        AssertRefused("3;1234567\r\nabc\r\n0\r\n\r\n", limits, Http1Violation.ChunkLineTooLong);
        Assert.Equal(BodyStatus.Complete, ReadAll("5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n", limits).Status);
        AssertRefused("5\r\nabcde\r\n6\r\nabcdef\r\n0\r\n\r\n", limits, Http1Violation.BodyTooLarge);
        Assert.Equal(BodyStatus.Complete, ReadAll("0\r\nA: 1\r\nB: 2\r\n\r\n", limits).Status);
        AssertRefused("0\r\nA:1\r\nB:2\r\nC:3\r\n\r\n", limits, Http1Violation.TooManyTrailers);
        AssertRefused("0\r\nA: 345678901234567890\r\n\r\n", limits, Http1Violation.TrailersTooLarge);
    }

    [Fact]
    public void A_chunk_over_the_limit_is_refused_before_its_data_is_passed_on()
    {
        var (data, status, _) = ReadAll("b\r\n01234567890\r\n", new Http1Limits { BodyBytes = 10 });

        Assert.Equal(BodyStatus.Refused, status);
        Assert.Equal("", data);
    }

    private static void AssertRefused(string wire, Http1Limits limits, Http1Violation expected)
    {
        var (_, status, reader) = ReadAll(wire, limits);
        Assert.Equal(BodyStatus.Refused, status);
        Assert.Equal(expected, reader.Error.Violation);
    }

    private static BodyReader Begin(BodyFraming framing, Http1Limits? limits = null)
    {
        var reader = new BodyReader(limits ?? Http1Limits.Default);
        reader.Begin(framing);
        return reader;
    }

    private static (string Data, BodyStatus Status, BodyReader Reader) ReadAll(string wire, Http1Limits? limits = null)
    {
        var reader = Begin(BodyFraming.Chunked, limits);
        var rest = Encoding.Latin1.GetBytes(wire).AsSpan();
        var data = new StringBuilder();
        while (true)
        {
            var step = reader.Next(rest);
            data.Append(Encoding.Latin1.GetString(rest.Slice(step.DataStart, step.DataLength)));
            rest = rest[step.Consumed..];
            if (step.Status != BodyStatus.Data) return (data.ToString(), step.Status, reader);
        }
    }
}
