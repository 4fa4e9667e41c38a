using System.Net;
using System.Text.Json;
using Ambient.Hbone.Headers;
using Ambient.Hosting.Logging;
using Ambient.Model.Connections;
using Ambient.TestKit;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Tests.Connections;

public sealed class AccessLogTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task An_outbound_line_has_its_fields_in_order()
    {
        using var scene = new LedgerScene(time: _time);

        await CarryAsync(scene, scene.Outbound, ReasonCode.Completed);

        Assert.Equal(
            "2030-01-02T03:04:05.012000Z\tinfo\taccess\tconnection complete\tsrc.addr=10.1.0.1:40000 src.workload=\"client\" src.namespace=\"default\" " +
            "src.identity=\"spiffe://cluster.local/ns/default/sa/client\" src.cluster=\"Kubernetes\" dst.addr=10.1.0.2:15008 dst.hbone_addr=10.1.0.2:8080 " +
            "dst.service=\"web.shop.svc.cluster.local\" dst.workload=\"server\" dst.namespace=\"shop\" " +
            "dst.identity=\"spiffe://cluster.local/ns/shop/sa/server\" dst.cluster=\"Kubernetes\" direction=\"outbound\" bytes_sent=11 bytes_recv=22 duration=\"12ms\"",
            Assert.Single(scene.LogLines()));
    }

    [Fact]
    public async Task Inbound_bytes_are_told_from_the_server_s_side()
    {
        using var scene = new LedgerScene(time: _time);

        await CarryAsync(scene, scene.Inbound, ReasonCode.Completed);

        Assert.EndsWith("direction=\"inbound\" bytes_sent=22 bytes_recv=11 duration=\"12ms\"", Assert.Single(scene.LogLines()));
    }

    [Fact]
    public async Task A_failure_is_an_error_with_its_text_and_reason()
    {
        using var scene = new LedgerScene(time: _time);

        await CarryAsync(scene, scene.Outbound, ReasonCode.ConnectRefused, "connect failed: Connection refused (errno 111).");

        var line = Assert.Single(scene.LogLines());
        Assert.Contains("\terror\taccess\tconnection complete\t", line);
        Assert.EndsWith("duration=\"12ms\" error=\"connect failed: Connection refused (errno 111).\" reason=\"connect_refused\"", line);
    }

    [Theory]
    [InlineData(ReasonCode.ResetByClient, "info")]
    [InlineData(ReasonCode.IdleTimeout, "info")]
    [InlineData(ReasonCode.Drained, "error")]
    [InlineData(ReasonCode.PolicyChanged, "error")]
    public async Task Every_ending_but_a_clean_one_has_its_reason(ReasonCode reason, string level)
    {
        using var scene = new LedgerScene(time: _time);

        await CarryAsync(scene, scene.Outbound, reason);

        var line = Assert.Single(scene.LogLines());
        Assert.Contains($"\t{level}\taccess\t", line);
        Assert.EndsWith($"reason=\"{Reason.Of(reason).Name}\"", line);
    }

    [Fact]
    public async Task A_JSON_line_has_the_same_fields_in_the_same_order()
    {
        using var scene = new LedgerScene(format: LogFormat.Json, time: _time);

        await CarryAsync(scene, scene.Outbound, ReasonCode.TlsFailed);

        using var json = JsonDocument.Parse(Assert.Single(scene.LogLines()));
        Assert.Equal(
            ["level", "time", "scope", "message", "src.addr", "src.workload", "src.namespace", "src.identity", "src.cluster", "dst.addr", "dst.hbone_addr",
                "dst.service", "dst.workload", "dst.namespace", "dst.identity", "dst.cluster", "direction", "bytes_sent", "bytes_recv", "duration", "error", "reason"],
            json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(11, json.RootElement.GetProperty("bytes_sent").GetInt64());
        Assert.Equal("access", json.RootElement.GetProperty("scope").GetString());
    }

    [Fact]
    public async Task What_is_not_known_is_left_out_and_a_claim_is_told_instead()
    {
        using var scene = new LedgerScene(time: _time);
        var facts = new ConnectionFacts
        {
            Direction = Direction.Inbound, Protocol = ConnectionProtocol.Tcp, PodUid = "p",
            Source = new(IPAddress.Parse("2001:db8::1"), 7), Destination = new(IPAddress.Parse("10.1.0.2"), 80),
            ClaimedSource = new Baggage { WorkloadName = "w", Namespace = "n" },
        };

        await CarryAsync(scene, facts, ReasonCode.Completed);

        Assert.EndsWith("\tsrc.addr=[2001:db8::1]:7 src.workload=\"w\" src.namespace=\"n\" dst.addr=10.1.0.2:80 direction=\"inbound\" bytes_sent=22 bytes_recv=11 duration=\"12ms\"",
            Assert.Single(scene.LogLines()));
    }

    [Fact]
    public async Task Connections_turned_away_early_have_a_short_warning()
    {
        using var scene = new LedgerScene(time: _time);
        var source = new IPEndPoint(IPAddress.Parse("10.1.0.1"), 5);

        await scene.OnAsync(0, ledger =>
        {
            ledger.Refuse(source, null, Direction.Outbound, ReasonCode.UnknownSource);
            return 0;
        });

        var line = Assert.Single(scene.LogLines());
        Assert.Contains("\twarn\taccess\tconnection failed\tsrc.addr=10.1.0.1:5 direction=\"outbound\" error=\"The source pod is not known", line);
        Assert.EndsWith("reason=\"unknown_source\"", line);
    }

    [Fact]
    public async Task The_opening_is_told_at_debug_level()
    {
        using var scene = new LedgerScene(filter: "info,access=debug", time: _time);

        await CarryAsync(scene, scene.Outbound, ReasonCode.Completed);

        Assert.Equal(["connection opened", "connection complete"], scene.LogLines().Select(line => line.Split('\t')[3]));
    }

    [Fact]
    public async Task A_target_that_is_not_plainly_an_address_cannot_forge_fields()
    {
        using var scene = new LedgerScene(time: _time);

        await CarryAsync(scene, scene.Outbound with { HboneTarget = "a:1 dst.identity=\"spiffe://x\"\n" }, ReasonCode.Completed);

        Assert.Contains("dst.hbone_addr=\"a:1 dst.identity=\\\"spiffe://x\\\"\\n\" dst.service=", Assert.Single(scene.LogLines()));
    }

    [Theory]
    [InlineData(LogFormat.Plain)]
    [InlineData(LogFormat.Json)]
    public async Task Writing_a_line_allocates_nothing(LogFormat format)
    {
        using var scene = new LedgerScene(format: format, time: TimeProvider.System);
        var log = scene.AccessLog;
        var facts = scene.Outbound;
        var connection = await scene.OnAsync(0, ledger => ledger.Open(facts, new ByteCounters(), new RecordingOwner()));

        // 8 lines at a time: the queue's buffers grow once, and while they are written they may grow again.
        var allocated = Enumerable.Range(0, 20).Min(_ => Allocations.Of(
            () => log.Closed(connection, TimeSpan.FromMilliseconds(5), Reason.Of(ReasonCode.Completed), null), times: 8, warmUp: 8));

        Assert.Equal(0, allocated);
    }

    private async Task CarryAsync(LedgerScene scene, ConnectionFacts facts, ReasonCode reason, string? detail = null)
    {
        var bytes = new ByteCounters();
        bytes.Sent.Add(11);
        bytes.Received.Add(22);
        var connection = await scene.OnAsync(0, ledger => ledger.Open(facts, bytes, new RecordingOwner()));
        _time.Advance(TimeSpan.FromMilliseconds(12));
        await scene.OnAsync(0, ledger =>
        {
            ledger.Close(connection, reason, detail);
            return 0;
        });
    }
}
