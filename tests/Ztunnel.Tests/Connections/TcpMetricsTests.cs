using Ambient.Hbone.Headers;
using Ambient.Model.Connections;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Tests.Connections;

public sealed class TcpMetricsTests : IDisposable
{
    private const string OutboundLabels =
        """
        reporter="source",source_workload="client",source_canonical_service="client",source_canonical_revision="v1",source_workload_namespace="default",source_app="client",source_version="v1",source_cluster="Kubernetes",source_principal="spiffe://cluster.local/ns/default/sa/client",destination_service="web.shop.svc.cluster.local",destination_service_namespace="shop",destination_service_name="web",destination_workload="server-deployment",destination_canonical_service="server",destination_canonical_revision="v2",destination_workload_namespace="shop",destination_app="server",destination_version="v2",destination_cluster="Kubernetes",destination_principal="spiffe://cluster.local/ns/shop/sa/server",request_protocol="tcp",response_flags="-",connection_security_policy="mutual_tls"
        """;

    private readonly LedgerScene _scene = new(workers: 2, filter: "off");

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_connection_counts_as_opened_and_then_as_closed()
    {
        var connection = await OpenAsync(_scene.Outbound, new ByteCounters());
        var open = await _scene.ScrapeAsync();
        Assert.Contains($"istio_tcp_connections_opened_total{{{OutboundLabels}}} 1\n", open);
        Assert.DoesNotContain("istio_tcp_connections_closed", open);

        await CloseAsync(connection, ReasonCode.Completed);

        var closed = await _scene.ScrapeAsync();
        Assert.Contains($"istio_tcp_connections_opened_total{{{OutboundLabels}}} 1\n", closed);
        Assert.Contains($"istio_tcp_connections_closed_total{{{OutboundLabels}}} 1\n", closed);
        Assert.DoesNotContain("istio_tcp_connections_failed", closed);
    }

    [Fact]
    public async Task Series_of_a_workload_that_is_gone_are_dropped_when_they_have_been_quiet()
    {
        var time = new ManualTime();
        using var scene = new LedgerScene(filter: "off", time: time);
        var connection = await scene.OnAsync(0, ledger => ledger.Open(scene.Outbound, new ByteCounters(), new RecordingOwner()));
        scene.State.Apply(new() { RemovedAddresses = [scene.Server.Uid] });
        await SweepTwiceAsync();
        Assert.Contains("istio_tcp_connections_opened_total", await scene.ScrapeAsync()); // it is open still
        await scene.OnAsync(0, ledger => { ledger.Close(connection, ReasonCode.Completed); return 0; });

        await SweepTwiceAsync();
        await scene.OnAsync(0, static _ => 0); // what the sweep posted has run

        Assert.DoesNotContain("istio_tcp_connections_opened_total", await scene.ScrapeAsync());

        // The first sees that it is quiet, the second that it has been quiet for long.
        async Task SweepTwiceAsync()
        {
            for (var i = 0; i < 2; i++)
            {
                time.Advance(TcpMetrics.QuietFor);
                await scene.ScrapeAsync();
            }
        }
    }

    [Fact]
    public async Task Series_of_workloads_that_are_there_stay_however_quiet_they_are()
    {
        var time = new ManualTime();
        using var scene = new LedgerScene(filter: "off", time: time);
        var connection = await scene.OnAsync(0, ledger => ledger.Open(scene.Outbound, new ByteCounters(), new RecordingOwner()));
        await scene.OnAsync(0, ledger => { ledger.Close(connection, ReasonCode.Completed); return 0; });

        for (var i = 0; i < 3; i++)
        {
            time.Advance(TcpMetrics.QuietFor);
            await scene.ScrapeAsync();
        }

        Assert.Contains("istio_tcp_connections_opened_total", await scene.ScrapeAsync());
    }

    [Fact]
    public async Task Bytes_of_a_connection_that_is_still_open_are_seen()
    {
        var bytes = new ByteCounters();
        var connection = await OpenAsync(_scene.Outbound, bytes);

        bytes.Sent.Add(100);
        bytes.Received.Add(7);
        var first = await _scene.ScrapeAsync();
        bytes.Sent.Add(1);
        var second = await _scene.ScrapeAsync();
        await CloseAsync(connection, ReasonCode.Completed);
        var closed = await _scene.ScrapeAsync();

        Assert.Contains($"istio_tcp_received_bytes_total{{{OutboundLabels}}} 100\n", first);
        Assert.Contains($"istio_tcp_sent_bytes_total{{{OutboundLabels}}} 7\n", first);
        Assert.Contains($"istio_tcp_received_bytes_total{{{OutboundLabels}}} 101\n", second);
        Assert.Contains($"istio_tcp_received_bytes_total{{{OutboundLabels}}} 101\n", closed);
    }

    [Fact]
    public async Task Equal_labels_of_two_workers_are_one_series()
    {
        await OpenAsync(_scene.Outbound, new ByteCounters(), worker: 0);
        await OpenAsync(_scene.Outbound, new ByteCounters(), worker: 1);

        Assert.Contains($"istio_tcp_connections_opened_total{{{OutboundLabels}}} 2\n", await _scene.ScrapeAsync());
    }

    [Theory]
    [InlineData(ReasonCode.DeniedByPolicy, "DENY")]
    [InlineData(ReasonCode.PolicyChanged, "DENY")]
    [InlineData(ReasonCode.CertificateRevoked, "CERT_REVOKED")]
    [InlineData(ReasonCode.TlsFailed, "TLS_FAILURE")]
    [InlineData(ReasonCode.Http2Failed, "H2_HANDSHAKE_FAILURE")]
    [InlineData(ReasonCode.TunnelTimeout, "NETWORK_POLICY")]
    [InlineData(ReasonCode.IdentityUnavailable, "IDENTITY_ERROR")]
    [InlineData(ReasonCode.ConnectRefused, "CONNECT")]
    public async Task A_failure_carries_its_flag_on_closed_and_failed_alone(ReasonCode reason, string flag)
    {
        var connection = await OpenAsync(_scene.Outbound, new ByteCounters());

        await CloseAsync(connection, reason);

        var text = await _scene.ScrapeAsync();
        var flagged = OutboundLabels.Replace("response_flags=\"-\"", $"response_flags=\"{flag}\"");
        Assert.Contains($"istio_tcp_connections_failed_total{{{flagged}}} 1\n", text);
        Assert.Contains($"istio_tcp_connections_closed_total{{{flagged}}} 1\n", text);
        Assert.Contains($"istio_tcp_connections_opened_total{{{OutboundLabels}}} 1\n", text);
        Assert.Equal(2, text.Split('\n').Count(line => line.Contains(flag)));
    }

    [Fact]
    public async Task Being_drained_is_no_failure()
    {
        await CloseAsync(await OpenAsync(_scene.Outbound, new ByteCounters()), ReasonCode.Drained);

        Assert.DoesNotContain("istio_tcp_connections_failed", await _scene.ScrapeAsync());
    }

    [Fact]
    public async Task What_is_not_known_is_unknown_and_plaintext_has_no_source_principal()
    {
        var facts = new ConnectionFacts
        {
            Direction = Direction.Inbound, Protocol = ConnectionProtocol.Tcp, PodUid = "p", Source = null, Destination = null,
            DestinationWorkload = _scene.Server,
        };
        await OpenAsync(facts, new ByteCounters());

        var line = Line(await _scene.ScrapeAsync(), "opened");
        Assert.Contains("reporter=\"destination\",source_workload=\"unknown\",source_canonical_service=\"unknown\"", line);
        Assert.Contains("source_principal=\"unknown\",destination_service=\"unknown\"", line);
        Assert.Contains("destination_principal=\"spiffe://cluster.local/ns/shop/sa/server\"", line);
        Assert.Contains("connection_security_policy=\"unknown\"", line);
        Assert.DoesNotContain("region", line);
    }

    [Fact]
    public async Task Baggage_tells_of_a_source_that_is_not_known_and_nothing_of_one_that_is()
    {
        var claim = new Baggage { WorkloadName = "w", Namespace = "n", ServiceName = "s", ServiceVersion = "v", Cluster = "c" };
        await OpenAsync(_scene.Inbound with { SourceWorkload = null, ClaimedSource = claim }, new ByteCounters());
        await OpenAsync(_scene.Inbound with { ClaimedSource = claim }, new ByteCounters());

        var text = await _scene.ScrapeAsync();
        Assert.Contains("source_workload=\"w\",source_canonical_service=\"s\",source_canonical_revision=\"v\",source_workload_namespace=\"n\"," +
            "source_app=\"w\",source_version=\"v\",source_cluster=\"c\"", text);
        Assert.Contains("source_workload=\"client\",source_canonical_service=\"client\"", text);
    }

    [Fact]
    public async Task Localities_are_told_if_one_side_has_one()
    {
        var server = _scene.Server with { Locality = new Locality("eu", "", "") };
        await OpenAsync(_scene.Outbound with { DestinationWorkload = server }, new ByteCounters());

        Assert.Contains("source_region=\"unknown\",source_zone=\"unknown\",destination_region=\"eu\",destination_zone=\"unknown\"}", await _scene.ScrapeAsync());
    }

    [Fact]
    public async Task Label_sets_beyond_the_bound_share_a_series_per_reporter()
    {
        using var scene = new LedgerScene(maxSeries: 2, filter: "off");
        await scene.OnAsync(0, ledger =>
        {
            for (var i = 0; i < 10; i++)
            {
                var source = scene.Client with { WorkloadName = $"client-{i}" };
                ledger.Open(scene.Outbound with { SourceWorkload = source }, new ByteCounters(), new RecordingOwner());
            }

            return 0;
        });

        var opened = (await scene.ScrapeAsync()).Split('\n').Where(line => line.StartsWith("istio_tcp_connections_opened_total", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, opened.Count);
        Assert.Contains(opened, line => line.StartsWith("istio_tcp_connections_opened_total{reporter=\"source\",source_workload=\"overflow\"", StringComparison.Ordinal)
            && line.EndsWith(" 8", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Finding_a_known_series_and_counting_allocate_nothing()
    {
        var facts = _scene.Outbound;
        var shard = new TrafficShard(maxSeries: 10);

        Assert.Equal(0, Allocations.Of(() => shard.Find(facts, ResponseFlag.None).CountBytes(10, 20)));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Sockets_are_counted_up_and_down()
    {
        await _scene.OnAsync(0, ledger =>
        {
            ledger.SocketOpened(Direction.Inbound);
            ledger.SocketOpened(Direction.Inbound);
            ledger.SocketClosed(Direction.Inbound);
            return 0;
        });

        var text = await _scene.ScrapeAsync();
        Assert.Contains("istio_tcp_sockets_open{reporter=\"source\"} 0\n", text);
        Assert.Contains("istio_tcp_sockets_open{reporter=\"destination\"} 1\n", text);
    }

    [Fact]
    public async Task Only_the_stable_metrics_do_not_say_that_they_are_unstable()
    {
        await CloseAsync(await OpenAsync(_scene.Outbound, new ByteCounters()), ReasonCode.ConnectRefused);

        var stable = (await _scene.ScrapeAsync()).Split('\n')
            .Where(line => line.StartsWith("# HELP", StringComparison.Ordinal) && !line.Contains("unstable")).Select(line => line.Split(' ')[2]);

        Assert.Equal(["istio_tcp_connections_opened", "istio_tcp_connections_closed", "istio_tcp_received_bytes", "istio_tcp_sent_bytes"], stable);
    }

    private Task<OpenConnection> OpenAsync(ConnectionFacts facts, ByteCounters bytes, int worker = 0) =>
        _scene.OnAsync(worker, ledger => ledger.Open(facts, bytes, new RecordingOwner()));

    private Task CloseAsync(OpenConnection connection, ReasonCode reason) => _scene.OnAsync(0, ledger =>
    {
        ledger.Close(connection, reason);
        return 0;
    });

    private static string Line(string text, string name) =>
        text.Split('\n').Single(line => line.StartsWith($"istio_tcp_connections_{name}_total", StringComparison.Ordinal));
}
