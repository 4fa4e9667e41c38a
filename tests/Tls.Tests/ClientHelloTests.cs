using System.Buffers.Binary;
using System.Net.Security;
using Ambient.Tls.Handshake;

namespace Ambient.Tls.Tests;

/// <summary>Hellos of real clients, whole, in pieces, and broken.</summary>
public sealed class ClientHelloTests
{
    [Theory]
    [InlineData("one.example.com", "one.example.com")]
    [InlineData("ONE.Example.com", "one.example.com")]
    [InlineData("", "")]
    [InlineData("10.0.0.1", "")] // clients do not ask for addresses (RFC 6066 §3)
    public async Task The_name_is_read_as_soon_as_the_hello_is_whole(string asked, string expected)
    {
        var hello = await HelloAsync(asked);
        for (var length = 0; length < hello.Length; length++) Assert.Equal(HelloStatus.Incomplete, ClientHello.Read(hello.AsSpan(0, length), out _));
        Assert.Equal(HelloStatus.Complete, ClientHello.Read(hello, out var name));
        Assert.Equal(expected, name);
        Assert.Equal(HelloStatus.Complete, ClientHello.Read([.. hello, 1, 2, 3], out _)); // what follows is not looked at
    }

    [Fact]
    public async Task It_may_come_in_several_records()
    {
        var hello = await HelloAsync("one.example.com");
        foreach (var size in (int[])[1, 7, 100])
        {
            List<byte> cut = [];
            foreach (var part in hello[5..].Chunk(size)) cut.AddRange([22, 3, 1, 0, (byte)part.Length, .. part]);
            Assert.Equal((HelloStatus.Complete, "one.example.com"), (ClientHello.Read(cut.ToArray(), out var name), name));
        }
    }

    [Fact]
    public async Task A_byte_that_is_wrong_never_throws()
    {
        var hello = await HelloAsync("one.example.com");
        for (var at = 0; at < hello.Length; at++)
            foreach (var value in (byte[])[0, 1, 0x7F, 0xFF])
            {
                var wrong = hello.ToArray();
                wrong[at] = value;
                ClientHello.Read(wrong, out _);
            }
    }

    [Fact]
    public void What_is_no_hello_is_told_at_once()
    {
        foreach (var bytes in (byte[][])[[.. "GET / HTTP/1.1\r\n"u8], [22, 2], [23, 3, 3, 0, 1, 0], [22, 3, 1, 0, 0, 1], [22, 3, 1, 0, 1, 2], [22, 3, 1, 0x40, 1, 1]])
            Assert.Equal(HelloStatus.Foreign, ClientHello.Read(bytes, out _));
    }

    [Fact]
    public void One_that_is_too_long_is_not_waited_for()
    {
        var bytes = new byte[ClientHello.Longest];
        (bytes[0], bytes[1], bytes[2], bytes[5]) = (22, 3, 1, 1);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(3), 1 << 14);
        (bytes[6], bytes[7]) = (1, 0); // a message of 64 KiB
        Assert.Equal(HelloStatus.Incomplete, ClientHello.Read(bytes.AsSpan(0, bytes.Length - 1), out _));
        Assert.Equal(HelloStatus.Foreign, ClientHello.Read(bytes, out _));
    }

    private static async Task<byte[]> HelloAsync(string name)
    {
        var wire = new Recorder();
        await using var tls = new SslStream(wire);
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(name));
        return wire.ToArray();
    }

    /// <summary>Takes what is sent, and ends.</summary>
    private sealed class Recorder : MemoryStream
    {
        private bool _isTaken;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_isTaken) Write(buffer.Span);
            _isTaken = true;
            return ValueTask.CompletedTask;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(0);
    }
}
