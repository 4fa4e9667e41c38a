using Ambient.Grpc.Headers;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Grpc.Tests.Headers;

public sealed class HeaderTests
{
    [Theory]
    [InlineData(1, "1u")]
    [InlineData(99_999_999, "99999999u")]
    [InlineData(100_000_000, "100000m")]
    [InlineData(100_000_001, "100001m")]
    [InlineData(5_000_000, "5000000u")]
    [InlineData(0, "1u")]
    public void A_timeout_is_rounded_up_to_the_finest_unit_of_eight_digits(long microseconds, string expected) =>
        Assert.Equal(expected, GrpcTimeout.Write(TimeSpan.FromMicroseconds(microseconds)));

    [Fact]
    public void A_timeout_that_is_written_reads_back_as_at_least_itself() =>
        Prop.ForAll<long>(ticks =>
        {
            var timeout = TimeSpan.FromTicks(Math.Abs(ticks % (TimeSpan.MaxValue.Ticks / 2)) * 1000 % (TimeSpan.MaxValue.Ticks / 2));
            timeout = timeout < TimeSpan.Zero ? -timeout : timeout;
            return GrpcTimeout.TryRead(GrpcTimeout.Write(timeout), out var read) && read >= timeout && read <= timeout * 1.01 + TimeSpan.FromMicroseconds(1);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("1n", 1)]
    [InlineData("100n", 1)]
    [InlineData("3S", 30_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("1H", 36_000_000_000)]
    public void Every_unit_is_read(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryRead(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("5")]
    [InlineData("-5S")]
    [InlineData("5s")]
    [InlineData("123456789S")]
    [InlineData("5 S")]
    public void What_is_no_timeout_is_refused(string text) => Assert.False(GrpcTimeout.TryRead(text, out _));

    [Fact]
    public void A_status_message_travels_as_printable_ascii_and_comes_back() =>
        Prop.ForAll<string>(text =>
        {
            if (text is null || text.Any(char.IsSurrogate) || text.Length > 500) return true;
            var encoded = StatusMessage.Encode(text);
            return encoded.All(static c => c is >= ' ' and <= '~') && StatusMessage.Decode(encoded) == text;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("50% of it", "50%25 of it")]
    [InlineData("zu groß", "zu gro%C3%9F")]
    [InlineData("two\nlines", "two%0Alines")]
    public void Percent_signs_line_ends_and_other_letters_are_percent_encoded(string text, string encoded) =>
        Assert.Equal(encoded, StatusMessage.Encode(text));

    [Theory]
    [InlineData("100%")]
    [InlineData("%zz")]
    [InlineData("%4")]
    public void What_is_not_percent_encoding_stays(string text) => Assert.Equal(text, StatusMessage.Decode(text));

    [Fact]
    public void A_long_message_is_cut_so_that_its_status_arrives() =>
        Assert.Equal(StatusMessage.MaxBytes, StatusMessage.Encode(new string('a', 100_000)).Length);

    [Fact]
    public void Metadata_refuses_what_would_break_the_request_and_does_not_repeat_a_secret()
    {
        var metadata = new GrpcMetadata();

        Assert.Throws<ArgumentException>(() => metadata.Add("grpc-timeout", "1S"));
        Assert.Throws<ArgumentException>(() => metadata.Add("Content-Type", "x"));
        Assert.Throws<ArgumentException>(() => metadata.Add("a b", "x"));
        Assert.Throws<ArgumentException>(() => metadata.Add("key-bin", "x"));
        Assert.Throws<ArgumentException>(() => metadata.AddBytes("key", [1]));
        Assert.DoesNotContain("hunter2", Assert.Throws<ArgumentException>(() => metadata.Add("authorization", "Bearer hunter2\n")).Message);
        Assert.Equal(0, metadata.Count);
    }

    [Fact]
    public void Bytes_are_read_with_and_without_padding()
    {
        var metadata = new GrpcMetadata();
        metadata.AddBytes("Own-Bin", [1, 2, 3, 4]);
        metadata.AddReceived("padded-bin", "AQIDBA==");
        metadata.AddReceived("several-bin", "AA==, AQIDBA");
        metadata.AddReceived("broken-bin", "!");

        foreach (var name in new[] { "own-bin", "padded-bin", "several-bin" })
        {
            Assert.True(metadata.TryFindBytes(name, out var bytes));
            Assert.Equal([1, 2, 3, 4], bytes);
        }
        Assert.False(metadata.TryFindBytes("broken-bin", out _));
    }

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("Application/gRPC; charset=utf-8", true)]
    [InlineData("application/grpc-web", false)]
    [InlineData("text/html", false)]
    [InlineData(null, false)]
    public void Only_grpc_is_taken_for_grpc(string? contentType, bool expected) => Assert.Equal(expected, GrpcHeaders.IsGrpc(contentType));
}
