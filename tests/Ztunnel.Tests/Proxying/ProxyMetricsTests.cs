using System.Buffers;
using System.Text;
using Ambient.Hosting.Metrics;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

public sealed class ProxyMetricsTests
{
    private readonly MetricRegistry _registry = new();

    [Fact]
    public void Look_ups_are_counted_by_source_and_host_name()
    {
        var source = new MeshBuilder().Workload("client", "10.1.0.1").Build().Workloads.Single();
        var metrics = new ProxyMetrics(_registry);

        metrics.CountLookup(source, "outside.example");
        metrics.CountLookup(source, "outside.example");

        var line = Assert.Single(Text().Split('\n'), line => line.StartsWith("istio_on_demand_dns_total", StringComparison.Ordinal));
        Assert.Contains("source_workload=\"client\"", line, StringComparison.Ordinal);
        Assert.Contains("source_principal=\"spiffe://cluster.local/ns/default/sa/client\",hostname=\"outside.example\"} 2", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Revoked_peers_are_counted_by_the_side_that_turned_them_away()
    {
        var metrics = new ProxyMetrics(_registry);

        metrics.CountRevoked(Direction.Inbound);
        metrics.CountRevoked(Direction.Outbound);
        metrics.CountRevoked(Direction.Inbound);

        Assert.Contains("istio_crl_policy_rejections_total{reporter=\"destination\"} 2", Text(), StringComparison.Ordinal);
        Assert.Contains("istio_crl_policy_rejections_total{reporter=\"source\"} 1", Text(), StringComparison.Ordinal);
    }

    private string Text()
    {
        var text = new ArrayBufferWriter<byte>();
        Assert.True(_registry.WriteAsync(text).IsCompletedSuccessfully); // nobody is waited for
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
