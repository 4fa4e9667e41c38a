using Ambient.Ztunnel.Dns.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class DomainNameTests
{
    private static string? HostName(byte[] message, int offset = 0)
    {
        Span<char> text = stackalloc char[DomainName.MaxTextLength];
        return DomainName.TryReadHostName(message, offset, text, out var length) ? text[..length].ToString() : null;
    }

    [Fact]
    public void A_name_is_read_in_lower_case_without_its_last_dot() =>
        Assert.Equal("www.example.com", HostName(DnsMessages.Name("WwW.Example.COM")));

    [Fact]
    public void The_root_is_the_empty_name() => Assert.Equal("", HostName([0]));

    [Theory]
    [InlineData("a b.example")]
    [InlineData("caf\u00e9.example")]
    [InlineData("nul\0.example")]
    public void A_name_that_no_host_has_is_legal_but_never_ours(string name)
    {
        var (message, offset) = (DnsMessages.Name(name), 0);

        Assert.Null(HostName(message));
        Assert.True(DomainName.TrySkip(message, ref offset));
        Assert.Equal(message.Length, offset);
    }

    [Fact]
    public void A_dot_inside_a_label_does_not_make_two_labels() => Assert.Null(HostName([3, (byte)'a', (byte)'.', (byte)'b', 0]));

    [Fact]
    public void A_pointer_to_an_earlier_name_is_followed()
    {
        byte[] message = [.. new byte[12], .. DnsMessages.Name("example.com"), 3, (byte)'w', (byte)'w', (byte)'w', 0xC0, 12];
        var offset = 25;

        Assert.Equal("www.example.com", HostName(message, 25));
        Assert.True(DomainName.TrySkip(message, ref offset));
        Assert.Equal(message.Length, offset);
    }

    [Theory]
    [InlineData("to itself", 12, new byte[] { 0xC0, 12 })]
    [InlineData("to a later place", 12, new byte[] { 0xC0, 14, 1, (byte)'a', 0 })]
    [InlineData("to labels that lead back", 12, new byte[] { 1, (byte)'a', 0xC0, 12 })]
    [InlineData("two that point at each other", 14, new byte[] { 0xC0, 14, 0xC0, 12 })]
    [InlineData("into the header", 12, new byte[] { 0xC0, 0 })]
    [InlineData("cut in half", 12, new byte[] { 0xC0 })]
    [InlineData("behind the message", 12, new byte[] { 0xFF, 0xFF })]
    public void A_pointer_that_does_not_lead_backwards_is_malformed(string how, int offset, byte[] bytes)
    {
        byte[] message = [.. new byte[12], .. bytes];
        var at = offset;

        Assert.False(DomainName.TrySkip(message, ref at), how);
        Assert.Equal(offset, at);
    }

    [Theory]
    [InlineData(0x40)]
    [InlineData(0x80)]
    public void Reserved_label_types_are_malformed(byte first)
    {
        var offset = 0;
        Assert.False(DomainName.TrySkip([first, 0, 0], ref offset));
    }

    [Theory]
    [InlineData(3 * 64 + 61, true)]
    [InlineData(3 * 64 + 62, false)]
    public void A_name_has_at_most_255_bytes(int labelBytes, bool allowed)
    {
        var name = string.Join('.', Enumerable.Repeat(new string('a', 63), 3)) + "." + new string('b', labelBytes - 3 * 64);
        var offset = 0;

        Assert.Equal(allowed, DomainName.TrySkip(DnsMessages.Name(name), ref offset));
    }

    [Fact]
    public void A_name_made_longer_than_255_bytes_by_pointers_is_malformed()
    {
        var label = DnsMessages.Name(new string('a', 60))[..61];
        List<byte> message = [.. new byte[12], .. label, .. label, .. label, .. label, 0]; // 245 bytes
        var offset = message.Count;
        message.AddRange([10, .. "aaaaaaaaaa"u8, 0xC0, 12]);

        Assert.False(DomainName.TrySkip([.. message], ref offset));
    }

    [Theory]
    [InlineData(127, true)]
    [InlineData(128, false)]
    public void A_chain_of_pointers_that_no_name_needs_is_malformed(int pointers, bool allowed)
    {
        List<byte> message = [.. new byte[12], 1, (byte)'a', 0];
        for (var (i, at) = (0, 12); i < pointers; i++, at = message.Count - 2)
            message.AddRange([(byte)(0xC0 | at >> 8), (byte)at]);
        var offset = message.Count - 2;

        Assert.Equal(allowed, DomainName.TrySkip([.. message], ref offset));
    }

    [Fact]
    public void What_is_written_reads_back()
    {
        Span<byte> wire = stackalloc byte[255];

        var length = DomainName.Write("web.default.svc.cluster.local", wire);

        Assert.Equal("web.default.svc.cluster.local", HostName(wire[..length].ToArray()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("caf\u00e9")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b")]
    public void What_is_no_name_is_not_written(string name) => Assert.Equal(0, DomainName.Write(name, stackalloc byte[255]));

    [Fact]
    public void Equality_ignores_case_and_compression()
    {
        byte[] compressed = [.. new byte[12], .. DnsMessages.Name("example.com"), 3, (byte)'w', (byte)'W', (byte)'w', 0xC0, 12];

        Assert.True(DomainName.Equal(compressed, 25, DnsMessages.Name("WWW.EXAMPLE.com"), 0));
        Assert.False(DomainName.Equal(compressed, 25, DnsMessages.Name("www.example.org"), 0));
        Assert.False(DomainName.Equal(compressed, 25, DnsMessages.Name("www.example.com.au"), 0));
        Assert.False(DomainName.Equal(compressed, 12, DnsMessages.Name("example"), 0));
    }

    [Fact]
    public void Unusual_bytes_are_escaped_for_people()
    {
        Assert.Equal("a\\032b\\046c.example.", DomainName.ToText([5, (byte)'a', (byte)' ', (byte)'b', (byte)'.', (byte)'c', .. DnsMessages.Name("example")], 0));
        Assert.Equal(".", DomainName.ToText([0], 0));
        Assert.Equal("(malformed)", DomainName.ToText([5, 1], 0));
    }

    [Fact]
    public void Any_bytes_are_a_name_or_malformed() =>
        Prop.ForAll<byte[], NonNegativeInt>((bytes, at) =>
        {
            var start = bytes.Length == 0 ? 0 : at.Get % bytes.Length;
            var offset = start;
            var skipped = DomainName.TrySkip(bytes, ref offset);

            _ = DomainName.ToText(bytes, start);
            var read = HostName(bytes, start);
            return skipped ? offset > start && offset <= bytes.Length && DomainName.Equal(bytes, start, bytes, start)
                : offset == start && read is null && !DomainName.Equal(bytes, start, bytes, start);
        }).QuickCheckThrowOnFailure();
}
