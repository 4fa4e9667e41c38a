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

    private async Task KnowProxiesAsync()
    {
        fixture.Mesh.KnownProxies.Clear();
        fixture.Mesh.KnownProxies.AddRange(fixture.Mesh.Nodes);
        await fixture.Mesh.PublishAsync();
    }
}
