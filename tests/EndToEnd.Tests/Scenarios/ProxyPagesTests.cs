using Ambient.EndToEnd.Tests.Sockets;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>The node proxies as workloads of the mesh: captured pods reach their pages through tunnels, as a Prometheus in the mesh does.</summary>
public sealed class ProxyPagesTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    [Theory]
    [InlineData(true, "15020/metrics", "istio_build")]
    [InlineData(false, "15020/metrics", "istio_build")]
    [InlineData(true, "15021/healthz/ready", "ready")]
    [InlineData(false, "15021/healthz/ready", "ready")]
    public async Task A_captured_pod_reads_metrics_and_readiness_over_mutual_TLS(bool ownNode, string page, string expected)
    {
        var node = ownNode ? fixture.Here : fixture.There;
        await KnowProxiesAsync();

        var answer = await fixture.Web.RunAsync("curl", "-sS", "--max-time", "5", $"http://{node.Lab.Address}:{page}");

        Assert.Contains(expected, answer.OutputOrThrow(), StringComparison.Ordinal);
        var line = await AccessLogLines.FindAsync(node, "direction=\"inbound\"", $"dst.hbone_addr={node.Lab.Address}:{page.Split('/')[0]}");
        Assert.Contains($"src.identity=\"{fixture.Web.Identity}\"", line, StringComparison.Ordinal);
        Assert.Contains("dst.identity=\"spiffe://cluster.local/ns/istio-system/sa/ztunnel\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Administration_is_for_the_node_alone()
    {
        await KnowProxiesAsync();

        foreach (var node in new[] { fixture.Here, fixture.There })
        {
            var answer = await fixture.Web.RunAsync("curl", "-sS", "--max-time", "5", $"http://{node.Lab.Address}:15000/config_dump");
            Assert.False(answer.Succeeded, answer.Output);
            Assert.Equal("", answer.Output);
            await AccessLogLines.FindAsync(node, "direction=\"inbound\"", $"dst.hbone_addr={node.Lab.Address}:15000", "connect_refused");
        }
    }

    [Fact]
    public async Task Only_what_is_stable_or_any_process_has_does_not_say_that_it_is_unstable()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        using (var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080))) await socket.AskAsync("count me in");
        await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", $"{fixture.Cart.EndPoint(8080)}", "connection complete");

        var page = await fixture.Here.MetricsAsync();

        var stable = page.Split('\n').Where(static line => line.StartsWith("# HELP ", StringComparison.Ordinal) && !line.Contains("unstable", StringComparison.Ordinal))
            .Select(static line => line.Split(' ')[2]).Where(static name => !name.StartsWith("process_", StringComparison.Ordinal));
        Assert.Equal(["istio_build", "istio_tcp_connections_closed", "istio_tcp_connections_opened", "istio_tcp_received_bytes", "istio_tcp_sent_bytes"], stable.Order(StringComparer.Ordinal));
        Assert.InRange(await MetricLines.SumAsync(fixture.Here, "process_open_fds"), 1, await MetricLines.SumAsync(fixture.Here, "process_max_fds"));
    }

    private async Task KnowProxiesAsync()
    {
        fixture.Mesh.KnownProxies.Clear();
        fixture.Mesh.KnownProxies.AddRange(fixture.Mesh.Nodes);
        await fixture.Mesh.PublishAsync();
    }
}
