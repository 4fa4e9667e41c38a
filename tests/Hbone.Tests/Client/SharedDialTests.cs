using System.Net;
using System.Net.Sockets;
using Ambient.Hbone.Client;
using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Model.Identities;
using Ambient.TestKit;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Hbone.Tests.Client;

/// <summary>How a pool comes by its tunnels: who waits for a dial, and what becomes of them if it fails.</summary>
public class SharedDialTests
{
    [Fact]
    public async Task Connections_that_wait_for_the_same_dial_share_it()
    {
        await using var lab = await TunnelLab.StartAsync();

        var results = await lab.ClientLoop.RunAsync(async () =>
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => lab.Pool.ConnectAsync(lab.Key, new("10.0.0.1:80")).AsTask())));

        Assert.All(results, static result => Assert.NotNull(result.Stream));
        Assert.Equal(1, lab.Accepted);
    }

    [Fact]
    public async Task A_dial_that_takes_too_long_for_one_caller_goes_on_for_the_next()
    {
        var time = new ManualTime();
        await using var lab = await TunnelLab.StartAsync(clientTime: time);
        using var stuck = TunnelLab.Stop(lab.ServerLoop);

        var impatient = lab.ConnectAsync(patience: TimeSpan.FromSeconds(2));
        await TunnelLab.SettleAsync(lab.ClientLoop);
        time.Advance(TimeSpan.FromSeconds(2));
        var result = await impatient;
        Assert.Equal(DialReason.ConnectTimedOut, result.Failure!.Reason);
        Assert.Contains("no sign of life", result.Failure.Message, StringComparison.Ordinal);

        stuck.Dispose();
        Assert.NotNull((await lab.ConnectAsync()).Stream);
        Assert.Equal(1, lab.Accepted);
    }

    [Fact]
    public async Task A_tunnel_that_came_when_nobody_waited_any_more_is_released_like_any_that_is_unused()
    {
        var time = new ManualTime();
        await using var lab = await TunnelLab.StartAsync(lab => lab.Options.PingAfter = TimeSpan.FromHours(1), clientTime: time);
        using var stuck = TunnelLab.Stop(lab.ServerLoop);
        var impatient = lab.ConnectAsync(patience: TimeSpan.FromSeconds(2));
        await TunnelLab.SettleAsync(lab.ClientLoop);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull((await impatient).Failure);
        stuck.Dispose();
        await lab.WaitUntilAsync(() => lab.Pool.Count == 1);

        time.Advance(lab.Options.ReleaseAfter);

        await TunnelLab.SettleAsync(lab.ClientLoop);
        Assert.Equal(0, await lab.CountTunnelsAsync());
    }

    [Fact]
    public async Task A_dial_for_which_no_descriptor_was_left_fails_those_who_wait_for_it_and_nobody_after_them()
    {
        await using var lab = await TunnelLab.StartAsync();
        var dialer = new Dialer(lab) { Fails = true };
        var pool = new TunnelPool(lab.ClientLoop, lab.Options, dialer);

        var first = await lab.ClientLoop.RunAsync(() => pool.ConnectAsync(lab.Key, new("10.0.0.1:80")));
        dialer.Fails = false;
        var second = await lab.ClientLoop.RunAsync(() => pool.ConnectAsync(lab.Key, new("10.0.0.1:80")));

        Assert.Equal(DialReason.ConnectFailed, first.Failure?.Reason);
        Assert.NotNull(second.Stream);
        await lab.ClientLoop.RunAsync(() => { pool.Close(TunnelEnd.Local); return ValueTask.CompletedTask; });
    }

    [Fact]
    public async Task A_tunnel_that_has_ended_when_it_comes_is_not_kept_and_is_dialled_anew_a_few_times_only()
    {
        await using var lab = await TunnelLab.StartAsync();
        var dialer = new Dialer(lab) { Closes = true };
        var pool = new TunnelPool(lab.ClientLoop, lab.Options, dialer);

        var (result, left) = await lab.ClientLoop.RunAsync(async () => (await pool.ConnectAsync(lab.Key, new("10.0.0.1:80")), pool.Count));

        Assert.Equal(DialReason.TunnelBroken, result.Failure?.Reason);
        Assert.Contains("the peer closed the connection", result.Failure!.Message);
        Assert.Equal((3, 0), (dialer.Dials, left));
    }

    [Fact]
    public async Task More_connections_than_fit_one_tunnel_do_not_wait_for_one_dial_after_the_other()
    {
        await using var lab = await TunnelLab.StartAsync(static lab => lab.Options.MaxStreams = 2);
        var dialer = new Dialer(lab);
        var pool = new TunnelPool(lab.ClientLoop, lab.Options, dialer);

        var (atOnce, results) = await lab.ClientLoop.RunAsync(async () =>
        {
            var connecting = Enumerable.Range(0, 6).Select(_ => pool.ConnectAsync(lab.Key, new("10.0.0.1:80")).AsTask()).ToList();
            return (dialer.Dials, await Task.WhenAll(connecting));
        });

        Assert.All(results, static result => Assert.NotNull(result.Stream));
        Assert.Equal((3, 3), (atOnce, dialer.Dials));
        await lab.ClientLoop.RunAsync(() => { pool.Close(TunnelEnd.Local); return ValueTask.CompletedTask; });
    }

    [Fact]
    public async Task Many_connections_at_once_make_one_tunnel_for_each_key()
    {
        await using var lab = await TunnelLab.StartAsync();
        TunnelKey[] keys =
        [
            lab.Key,
            lab.Key with { Source = new("cluster.local", "shop", "another") },
            lab.Key with { SourceAddress = IPAddress.Parse("127.0.0.2") },
            lab.Key with { Expected = [TunnelLab.ServerId, TunnelLab.ClientId] },
            lab.Key with { Expected = [TunnelLab.ClientId, TunnelLab.ServerId] },
        ];

        var results = await lab.ClientLoop.RunAsync(async () =>
            await Task.WhenAll(Enumerable.Range(0, 100).Select(i => lab.Pool.ConnectAsync(keys[i % keys.Length], new("10.0.0.1:80")).AsTask())));

        Assert.All(results, static result => Assert.NotNull(result.Stream));
        Assert.Equal((keys.Length, keys.Length), (lab.Accepted, results.Select(static result => result.Stream!.Tunnel).Distinct().Count()));
    }

    [Fact]
    public async Task Nobody_listening_is_a_refusal_that_says_what_to_check()
    {
        await using var lab = await TunnelLab.StartAsync();
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, not listening

        var result = await lab.ConnectAsync(lab.Key with { Destination = (IPEndPoint)unused.LocalEndPoint! });

        Assert.Equal(DialReason.ConnectRefused, result.Failure!.Reason);
        Assert.Contains("ztunnel", result.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_of_another_identity_is_not_spoken_to()
    {
        await using var lab = await TunnelLab.StartAsync();

        var result = await lab.ConnectAsync(lab.Key with { Expected = [new SpiffeId("cluster.local", "shop", "somebody-else")] });

        Assert.Equal(DialReason.HandshakeFailed, result.Failure!.Reason);
        Assert.Equal(TlsFailureReason.WrongIdentity, result.Failure.Tls);
    }

    [Fact]
    public async Task A_server_that_never_speaks_costs_the_handshake_limit_and_no_more()
    {
        var time = new ManualTime();
        await using var lab = await TunnelLab.StartAsync(clientTime: time);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();

        var connecting = lab.ConnectAsync(lab.Key with { Destination = (IPEndPoint)silent.LocalEndPoint! });
        using var accepted = await silent.AcceptAsync();
        _ = await accepted.ReceiveAsync(new byte[16]); // the ClientHello is on its way: the limit is running
        time.Advance(lab.Options.HandshakeTimeout);
        var result = await connecting;

        Assert.Equal(DialReason.HandshakeTimedOut, result.Failure!.Reason);
    }

    /// <summary>Dials as the lab does, or not.</summary>
    private sealed class Dialer(TunnelLab lab) : ITunnelDialer
    {
        private const int Enough = 10;

        public bool Fails { get; set; }
        public bool Closes { get; init; }
        public int Dials { get; private set; }

        public async ValueTask<(Tunnel? Tunnel, DialFailure? Failure)> DialAsync(EventLoop loop, TunnelKey key)
        {
            Assert.True(++Dials < Enough, "It is dialled again and again.");
            if (Fails) throw new LinuxException("socket", Errno.FilesExhausted);
            var dialled = await lab.Dialer.DialAsync(loop, key);
            if (Closes) dialled.Tunnel!.Close(TunnelEnd.PeerClosed);
            return dialled;
        }
    }
}
