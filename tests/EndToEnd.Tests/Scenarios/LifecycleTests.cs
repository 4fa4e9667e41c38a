using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

public sealed class LifecycleTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    [Fact]
    public async Task A_draining_ztunnel_lets_open_connections_finish_and_takes_no_new_ones()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        fixture.Here.ZtunnelSettings["CONNECTION_TERMINATION_DEADLINE"] = "30s";
        await fixture.Here.RestartZtunnelAsync();
        using var open = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080));
        await open.AskAsync("before");

        fixture.Here.Ztunnel.Signal("TERM");
        await Until.TrueAsync(() => Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080))), "new connections are refused");

        Assert.Equal("during", await open.AskAsync("during"));
        Assert.True(fixture.Here.Ztunnel.IsRunning);
        open.Dispose();
        await fixture.Here.Ztunnel.WaitForExitAsync();
        Assert.Equal(0, fixture.Here.Ztunnel.ExitCode);
        await fixture.Here.StartZtunnelAsync();
    }

    [Fact]
    public async Task The_drain_deadline_ends_what_does_not_end_by_itself()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8081);
        fixture.Here.ZtunnelSettings["CONNECTION_TERMINATION_DEADLINE"] = "1s";
        await fixture.Here.RestartZtunnelAsync();
        using var open = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8081));
        await open.AskAsync("before");

        fixture.Here.Ztunnel.Signal("TERM");

        await fixture.Here.Ztunnel.WaitForExitAsync();
        Assert.NotEqual("", await open.ReadEndingAsync());
        Assert.Contains("drained", fixture.Here.Ztunnel.ReadLog(), StringComparison.Ordinal);
        await fixture.Here.StartZtunnelAsync();
    }

    [Fact]
    public async Task Quitquitquit_ends_the_process()
    {
        var answer = await fixture.There.GetAsync(15000, "quitquitquit", "-X", "POST");

        Assert.True(answer.Succeeded, answer.Errors);
        await fixture.There.Ztunnel.WaitForExitAsync();
        Assert.Equal(0, fixture.There.Ztunnel.ExitCode);
        await fixture.There.StartZtunnelAsync();
    }

    [Theory]
    [InlineData(15000)]
    [InlineData(15020)]
    [InlineData(15021)]
    public async Task A_port_that_is_taken_stops_the_start_and_is_named(int port)
    {
        await fixture.Here.Ztunnel.StopAsync();
        await using var occupant = fixture.Here.Lab.Start("occupant", [], "socat", $"TCP-LISTEN:{port},fork,reuseaddr", "EXEC:cat");
        await Until.TrueAsync(async () => (await fixture.Here.Lab.RunAsync("ss", "-Hltn", $"sport = :{port}")).Output.Length > 0, "the port is taken");

        var ztunnel = fixture.Here.BeginZtunnel();
        await ztunnel.WaitForExitAsync();

        Assert.NotEqual(0, ztunnel.ExitCode);
        Assert.Contains($"{port}", ztunnel.LogTail(5), StringComparison.Ordinal);
        await occupant.DisposeAsync();
        await fixture.Here.StartZtunnelAsync();
    }

    [Fact]
    public async Task A_pod_that_goes_away_takes_its_connections_with_it()
    {
        var pod = await fixture.Mesh.AddEnrolledPodAsync(fixture.There, "leaving", "leaving", "shop");
        await using var server = PodServer.Echo(pod, 8082);
        using var open = await fixture.Web.ConnectAsync(pod.EndPoint(8082));
        await open.AskAsync("before");

        await fixture.Mesh.ReleaseAsync(pod);

        Assert.NotEqual("", await open.ReadEndingAsync());
        await Until.TrueAsync(async () => await MetricLines.SumAsync(fixture.There, "workload_manager_active_proxy_count") == 1, "its proxy is gone");
        await Until.TrueAsync(async () => await MetricLines.SumAsync(fixture.There, "workload_manager_proxies_started_total")
            - await MetricLines.SumAsync(fixture.There, "workload_manager_proxies_stopped_total") == 1, "one more was started than stopped");
    }

    [Theory]
    [InlineData(15001)]
    [InlineData(15053)]
    public async Task A_pod_whose_port_is_taken_is_pending_until_it_is_free(int port)
    {
        var pod = await fixture.Mesh.AddPodAsync(fixture.There, $"crowded{port}", "crowded", "shop");
        await using var server = PodServer.Echo(pod, 8083);
        await using (var occupant = pod.Start("occupant", "socat", $"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", "EXEC:cat"))
        {
            await Until.TrueAsync(async () => (await pod.RunAsync("ss", "-Hltn", $"sport = :{port}")).Output.Length > 0, "the port is taken");
            fixture.Mesh.Workload(pod).Enrolled = true;
            await fixture.Mesh.PublishAsync();
            await fixture.There.RequestEnrolmentAsync(pod);

            await Until.TrueAsync(async () => await MetricLines.SumAsync(fixture.There, "workload_manager_pending_proxy_count") == 1, "its proxy is pending");
            // What was bound before the port that is taken is closed again: nothing answers half a pod.
            Assert.Equal("", (await pod.RunAsync("ss", "-Hltnu", "sport = :15001 or sport = :15006 or sport = :15008 or sport = :15053")).Output
                .Split('\n').Aggregate("", (rest, line) => line.Contains($"127.0.0.1:{port} ", StringComparison.Ordinal) ? rest : rest + line));
        }

        await Until.TrueAsync(async () => await fixture.There.StatusAsync(pod) is "enrolled", "it is served once the port is free", TimeSpan.FromSeconds(40));
        using (var socket = await fixture.Web.ConnectAsync(pod.EndPoint(8083))) Assert.Equal("at last", await socket.AskAsync("at last"));
        await fixture.Mesh.ReleaseAsync(pod);
        await fixture.Mesh.RemovePodAsync(pod);
    }

    [Fact]
    public async Task Mistakes_in_the_environment_are_all_reported_at_once()
    {
        await fixture.Here.Ztunnel.StopAsync();
        fixture.Here.ZtunnelSettings["POOL_MAX_STREAMS_PER_CONNECTION"] = "many";
        fixture.Here.ZtunnelSettings["KEEPALIVE_ENABLED"] = "perhaps";

        var ztunnel = fixture.Here.BeginZtunnel();
        await ztunnel.WaitForExitAsync();

        Assert.NotEqual(0, ztunnel.ExitCode);
        Assert.Contains("POOL_MAX_STREAMS_PER_CONNECTION", ztunnel.LogTail(20), StringComparison.Ordinal);
        Assert.Contains("KEEPALIVE_ENABLED", ztunnel.LogTail(20), StringComparison.Ordinal);
        fixture.Here.ZtunnelSettings.Clear();
        await fixture.Here.StartZtunnelAsync();
    }
}
