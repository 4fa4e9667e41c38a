using System.Net;
using Ambient.Hbone.Client;
using Ambient.Hbone.Tunnels;
using Ambient.Model.Identities;
using Ambient.TestKit;

namespace Ambient.Hbone.Tests.Client;

public class TunnelPoolTests
{
    [Fact]
    public async Task Connections_of_one_key_share_a_tunnel()
    {
        await using var lab = await TunnelLab.StartAsync();

        var results = new List<ConnectResult>();
        for (var i = 0; i < 5; i++) results.Add(await lab.ConnectAsync());

        Assert.All(results, static result => Assert.NotNull(result.Stream));
        Assert.Equal(1, await lab.CountTunnelsAsync());
        Assert.Equal(1, lab.Accepted);
    }

    [Fact]
    public async Task A_full_tunnel_is_joined_by_another_and_its_slots_are_used_again()
    {
        await using var lab = await TunnelLab.StartAsync(static lab => lab.Options.MaxStreams = 2);

        var first = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => lab.ConnectAsync()));
        Assert.Equal(2, lab.Accepted);
        await lab.ClientLoop.RunAsync(() =>
        {
            foreach (var result in first) result.Stream!.Dispose();
            return ValueTask.FromResult(0);
        });
        var second = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => lab.ConnectAsync()));

        Assert.All(second, static result => Assert.NotNull(result.Stream));
        Assert.Equal(2, lab.Accepted);
    }

    [Fact]
    public async Task Different_expected_identities_do_not_share()
    {
        await using var lab = await TunnelLab.StartAsync();
        var other = lab.Key with { Expected = [new SpiffeId("cluster.local", "x", "y"), TunnelLab.ServerId] };

        await lab.ConnectAsync();
        await lab.ConnectAsync(other);

        Assert.Equal(2, lab.Accepted);
    }

    [Fact]
    public async Task A_draining_tunnel_is_not_lent_and_its_streams_go_on()
    {
        await using var lab = await TunnelLab.StartAsync();
        var old = (await lab.ConnectAsync()).Stream!;
        await lab.ServerLoop.RunAsync(() =>
        {
            _ = lab.Acceptor.DrainAsync(TimeSpan.FromMinutes(1)).AsTask();
            return ValueTask.FromResult(0);
        });
        await lab.WaitUntilAsync(() => !old.Tunnel.CanConnect);

        var fresh = (await lab.ConnectAsync()).Stream!;
        var echoed = await lab.ClientLoop.RunAsync(async () =>
        {
            await old.WriteAsync("still here"u8.ToArray());
            return await old.ReadAsync(10);
        });

        Assert.NotSame(old.Tunnel, fresh.Tunnel);
        Assert.Equal("still here"u8.ToArray(), echoed);
    }

    [Fact]
    public async Task An_unused_tunnel_is_closed_as_soon_as_its_peer_sends_GOAWAY_and_the_owner_is_told()
    {
        var leaving = new List<IPEndPoint>();
        await using var lab = await TunnelLab.StartAsync(lab => lab.PeerLeaving = leaving.Add);
        await lab.WithStreamAsync(static async stream =>
        {
            stream.FinishSending();
            return await stream.ReadAsync(1);
        });
        Assert.Equal(1, await lab.CountTunnelsAsync());

        await lab.ServerLoop.RunAsync(async () =>
        {
            await lab.Acceptor.DrainAsync(TimeSpan.FromMinutes(1)); // far longer than the test may take
            return 0;
        });

        await lab.WaitUntilAsync(() => lab.Pool.Count == 0);
        Assert.Equal([lab.Address], leaving);
    }

    [Fact]
    public async Task A_peer_that_does_not_acknowledge_GOAWAY_is_not_waited_for()
    {
        var time = new ManualTime();
        await using var lab = await TunnelLab.StartAsync(serverTime: time);
        await lab.WithStreamAsync(static async stream =>
        {
            stream.FinishSending();
            return await stream.ReadAsync(1);
        });
        using var stuck = TunnelLab.Stop(lab.ClientLoop);

        var drained = lab.ServerLoop.RunAsync(async () =>
        {
            await lab.Acceptor.DrainAsync(TimeSpan.FromMinutes(1));
            return 0;
        });
        await TunnelLab.SettleAsync(lab.ServerLoop);
        Assert.False(drained.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));

        await drained;
    }

    [Fact]
    public async Task A_tunnel_that_fell_silent_is_not_waited_for_while_there_is_patience_to_lose()
    {
        var time = new ManualTime();
        await using var lab = await TunnelLab.StartAsync(clientTime: time);
        await lab.ConnectAsync();
        using var stuck = TunnelLab.Stop(lab.ServerLoop);

        var connecting = lab.ConnectAsync(patience: TimeSpan.FromSeconds(2));
        await TunnelLab.SettleAsync(lab.ClientLoop);
        time.Advance(TimeSpan.FromSeconds(1)); // it is asked for a sign of life
        await TunnelLab.SettleAsync(lab.ClientLoop);
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(DialReason.AnswerTimedOut, (await connecting).Failure!.Reason);
    }

    [Fact]
    public async Task An_application_that_is_slow_to_accept_is_waited_for_when_its_proxy_is_there()
    {
        var time = new ManualTime();
        HboneStream? waiting = null;
        await using var lab = await TunnelLab.StartAsync(clientTime: time);
        await lab.ConnectAsync(); // what its server says to a new client would be a sign of life
        lab.Serve = (stream, _) =>
        {
            Volatile.Write(ref waiting, stream);
            return Task.CompletedTask;
        };

        var connecting = lab.ConnectAsync(patience: TimeSpan.FromSeconds(2));
        await lab.WaitUntilAsync(() => Volatile.Read(ref waiting) is not null);
        var received = await lab.ClientLoop.RunAsync(() => ValueTask.FromResult(lab.Pool.Tunnels().Single().ReceivedBatches));
        time.Advance(TimeSpan.FromSeconds(1));
        await lab.WaitUntilAsync(() => lab.Pool.Tunnels().Single().ReceivedBatches > received); // the PING is answered
        time.Advance(TimeSpan.FromSeconds(5));
        await TunnelLab.SettleAsync(lab.ClientLoop);
        Assert.False(connecting.IsCompleted);
        await lab.ServerLoop.RunAsync(() => { waiting!.Respond(new(200)); return ValueTask.FromResult(0); });

        Assert.NotNull((await connecting).Stream);
    }

    [Fact]
    public async Task An_unused_tunnel_is_released_after_the_release_time()
    {
        var time = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var lab = await TunnelLab.StartAsync(clientTime: time);
        await lab.WithStreamAsync(async stream =>
        {
            stream.FinishSending();
            return await stream.ReadAsync(1);
        });
        Assert.Equal(1, await lab.CountTunnelsAsync());

        time.Advance(lab.Options.ReleaseAfter);

        await lab.WaitUntilAsync(() => lab.Pool.Count == 0);
    }

    [Fact]
    public async Task Of_the_tunnels_that_a_peak_leaves_two_are_kept_for_the_release_time_and_a_used_one_longer()
    {
        var time = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var lab = await TunnelLab.StartAsync(lab => (lab.Options.MaxStreams, lab.Options.PingAfter) = (1, TimeSpan.FromHours(1)), clientTime: time);
        var streams = new List<HboneStream>();
        for (var i = 0; i < 5; i++) streams.Add((await lab.ConnectAsync()).Stream!);
        await lab.ClientLoop.RunAsync(() => ValueTask.FromResult(streams.Select(stream => { stream.Dispose(); return 0; }).Sum()));
        Assert.Equal(5, await lab.CountTunnelsAsync());

        time.Advance(TimeSpan.FromSeconds(15));
        await lab.WaitUntilAsync(() => lab.Pool.Count == 2);
        time.Advance(lab.Options.ReleaseAfter - TimeSpan.FromSeconds(16));
        var used = (await lab.ConnectAsync()).Stream!;
        Assert.Equal(2, await lab.CountTunnelsAsync());
        time.Advance(TimeSpan.FromSeconds(1));

        await lab.WaitUntilAsync(() => lab.Pool.Count == 1);
        time.Advance(lab.Options.ReleaseAfter);
        await TunnelLab.SettleAsync(lab.ClientLoop);
        Assert.False(used.Tunnel.IsClosed);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_ping_is_given_up()
    {
        var time = new ManualTime();
        await using var lab = await TunnelLab.StartAsync(clientTime: time);
        var stream = (await lab.ConnectAsync()).Stream!;
        using var stuck = TunnelLab.Stop(lab.ServerLoop);

        time.Advance(lab.Options.PingAfter); // bytes were heard since the start: no ping yet
        await TunnelLab.SettleAsync(lab.ClientLoop);
        time.Advance(lab.Options.PingAfter);
        await TunnelLab.SettleAsync(lab.ClientLoop);
        Assert.False(stream.Tunnel.IsClosed);
        time.Advance(lab.Options.PingTimeout);

        await lab.WaitUntilAsync(() => stream.Tunnel.IsClosed);
        Assert.Equal(TunnelEnd.Unresponsive, stream.Tunnel.End);
        Assert.True(stream.IsBroken);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_a_timeout()
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource();
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (_, _) =>
        {
            asked.TrySetResult();
            return Task.CompletedTask;
        }, clientTime: time);

        var connecting = lab.ConnectAsync();
        await asked.Task;
        await TunnelLab.SettleAsync(lab.ClientLoop); // it has asked; now it waits, by the clock as it is
        time.Advance(lab.Options.AnswerTimeout);
        var result = await connecting;

        Assert.Equal(DialReason.AnswerTimedOut, result.Failure!.Reason);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(503)]
    public async Task Another_status_than_200_is_the_peers_refusal(int status)
    {
        await using var lab = await TunnelLab.StartAsync(lab => lab.Serve = (stream, _) =>
        {
            using (stream) stream.Respond(new(status));
            return Task.CompletedTask;
        });

        var result = await lab.ConnectAsync();

        Assert.Equal(DialReason.AnswerRefused, result.Failure!.Reason);
        Assert.Equal(status, result.Failure.Status);
    }

    [Fact]
    public async Task A_tunnel_that_died_unnoticed_is_replaced_before_the_caller_sees_it()
    {
        await using var lab = await TunnelLab.StartAsync();
        await lab.ConnectAsync();
        var inTime = lab.ServerLoop.RunAsync(() =>
        {
            lab.CutServerTunnels();
            return ValueTask.FromResult(0);
        });

        var results = await Task.WhenAll(lab.ConnectAsync(), inTime.ContinueWith(_ => lab.ConnectAsync(), TaskScheduler.Default).Unwrap());

        Assert.All(results, static result => Assert.NotNull(result.Stream));
    }
}
