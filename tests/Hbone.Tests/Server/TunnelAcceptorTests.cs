using System.Net.Sockets;
using Ambient.Hbone.Tunnels;
using Ambient.TestKit;

namespace Ambient.Hbone.Tests.Server;

public class TunnelAcceptorTests
{
    [Fact]
    public async Task A_client_that_never_speaks_is_dropped_at_the_handshake_limit()
    {
        var time = new ManualTime();
        await using var lab = await TunnelLab.StartAsync(serverTime: time);
        await lab.ServerIdentityAsync(); // so that the limit runs from the turn in which it is accepted
        using var client = new TcpClient();
        await client.ConnectAsync(lab.Address);
        while (lab.Accepted == 0) await TunnelLab.SettleAsync(lab.ServerLoop);

        time.Advance(lab.Options.HandshakeTimeout);

        await Assert.ThrowsAnyAsync<IOException>(async () => await ReadToEndAsync(client));
        await TunnelLab.SettleAsync(lab.ServerLoop);
        Assert.Contains(lab.Refusals, static refusal => refusal.StartsWith("HandshakeTimedOut", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_speaks_something_else_is_refused_with_a_reason()
    {
        await using var lab = await TunnelLab.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(lab.Address);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());

        await ReadToEndAsync(client);
        await TunnelLab.SettleAsync(lab.ServerLoop); // the socket is closed first, then the refusal is told

        Assert.Contains(lab.Refusals, static refusal => refusal.StartsWith("HandshakeFailed", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_client_that_does_not_answer_PING_is_given_up()
    {
        var time = new ManualTime();
        Tunnel? served = null;
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (stream, request) =>
        {
            served = stream.Tunnel;
            return TunnelLab.EchoAsync(stream, request);
        }, serverTime: time);
        Assert.NotNull((await lab.ConnectAsync()).Stream);
        using var stuck = TunnelLab.Stop(lab.ClientLoop);

        for (var quiet = 0; quiet < 2; quiet++) // bytes were heard since the start: no ping yet
        {
            time.Advance(lab.Options.PingAfter);
            await TunnelLab.SettleAsync(lab.ServerLoop);
        }
        Assert.False(served!.IsClosed);
        time.Advance(lab.Options.PingTimeout);

        while (lab.Acceptor.Count > 0) await TunnelLab.SettleAsync(lab.ServerLoop);
        Assert.Equal(TunnelEnd.Unresponsive, served.End);
    }

    // A reset is thrown, an end is returned.
    private static async Task ReadToEndAsync(TcpClient client)
    {
        var buffer = new byte[256];
        while (await client.GetStream().ReadAsync(buffer) > 0)
        {
        }
    }
}
