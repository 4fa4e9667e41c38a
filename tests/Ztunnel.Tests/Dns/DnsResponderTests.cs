using System.Net;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Dns.Messages;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class DnsResponderTests
{
    private static readonly DnsSettings Settings = new();

    private static (DnsAction Action, ReadMessage? Response) Ask(
        TestMesh mesh, byte[] query, DnsTransport transport = DnsTransport.Udp, DnsSettings? settings = null, Workload? client = null, IDnsMetrics? metrics = null)
    {
        settings ??= Settings;
        var responder = new DnsResponder(settings, mesh.State, new(metrics ?? new CountingMetrics(), NullLogger.Instance), new Random(7));
        var into = new byte[DnsResponder.MaxResponse];
        var action = responder.Decide(query, transport, new(client ?? TestMesh.Client, settings), into, out var length);
        return (action, action == DnsAction.Respond ? DnsMessages.Read(into.AsSpan(0, length)) : null);
    }

    private static ReadMessage Answer(TestMesh mesh, string name, RecordType type = RecordType.A, DnsSettings? settings = null, Workload? client = null) =>
        Ask(mesh, DnsMessages.Query(name, type), settings: settings, client: client).Response ?? throw new InvalidOperationException("It was not answered here.");

    private static TestMesh Web() => new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1", "fd00::1"]);

    [Fact]
    public void A_service_is_answered_with_authority_and_the_clients_identifier()
    {
        var response = Answer(Web(), "web.ns1.svc.cluster.local");

        Assert.Equal((0x1234, 0x8580), (response.Id, response.Flags)); // QR AA RD RA
        var record = Assert.Single(response.Answers);
        Assert.Equal(("web.ns1.svc.cluster.local.", RecordType.A, 1, 30, "10.0.0.1"), (record.Name, record.Type, record.Class, record.Ttl, record.Text));
        Assert.Null(response.Opt);
    }

    [Fact]
    public void The_case_of_the_clients_letters_is_kept() =>
        Assert.Equal("wEb.NS1.svc.Cluster.Local.", Answer(Web(), "wEb.NS1.svc.Cluster.Local").Answers[0].Name);

    [Fact]
    public void The_family_that_was_asked_for_is_answered() => Assert.Equal(["fd00::1"], Answer(Web(), "web", RecordType.AAAA).Addresses);

    [Fact]
    public void Without_IPv6_there_is_an_empty_answer_not_an_error()
    {
        var response = Answer(Web(), "web", RecordType.AAAA, Settings with { IPv6Enabled = false });

        Assert.Equal(ResponseCode.NoError, response.Code);
        Assert.True(response.IsAuthoritative);
        Assert.Empty(response.Answers);
    }

    [Theory]
    [InlineData(IpFamilies.IPv4Only, 28)]
    [InlineData(IpFamilies.IPv6Only, 1)]
    public void A_family_that_the_service_does_not_have_is_an_empty_answer(IpFamilies families, int type)
    {
        var mesh = new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["10.0.0.1", "fd00::1"], families: families);

        Assert.Empty(Answer(mesh, "web", (RecordType)type).Answers);
    }

    [Fact]
    public void An_appended_search_domain_is_answered_with_an_alias()
    {
        var mesh = new TestMesh().Service("www.example.com", "external", ["240.240.0.1"]);

        var response = Answer(mesh, "www.example.com.ns1.svc.cluster.local");

        Assert.Equal(
            [("www.example.com.ns1.svc.cluster.local.", RecordType.CNAME, "www.example.com."), ("www.example.com.", RecordType.A, "240.240.0.1")],
            response.Answers.Select(record => (record.Name, record.Type, record.Text)));
    }

    [Fact]
    public void Only_virtual_addresses_of_the_clients_network_are_answered()
    {
        var mesh = new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", ["net1/10.0.0.1", "net2/10.0.0.2"]);

        Assert.Equal(["10.0.0.2"], Answer(mesh, "web", client: TestMesh.Client with { Network = "net2" }).Addresses);
        Assert.Empty(Answer(mesh, "web", client: TestMesh.Client with { Network = "net3" }).Addresses);
    }

    [Fact]
    public void A_headless_service_is_answered_with_the_first_address_of_each_healthy_endpoint_of_any_network()
    {
        var mesh = new TestMesh().Service("db.ns1.svc.cluster.local", "ns1")
            .Endpoint("db-0", "db.ns1.svc.cluster.local", "ns1", ["10.1.0.1", "10.1.0.2", "fd00::1"])
            .Endpoint("db-1", "db.ns1.svc.cluster.local", "ns1", ["10.1.0.3"], network: "elsewhere")
            .Endpoint("db-2", "db.ns1.svc.cluster.local", "ns1", ["10.1.0.4"], WorkloadStatus.Unhealthy)
            .Endpoint("db-3", "db.ns1.svc.cluster.local", "ns1", ["fd00::3"]);

        Assert.Equal(["10.1.0.1", "10.1.0.3"], Answer(mesh, "db").Addresses.Order());
        Assert.Equal(["fd00::1", "fd00::3"], Answer(mesh, "db", RecordType.AAAA).Addresses.Order());
    }

    [Fact]
    public void Addresses_come_in_varying_order()
    {
        var vips = Enumerable.Range(1, 8).Select(i => $"10.0.0.{i}").ToArray();
        var mesh = new TestMesh().Service("web.ns1.svc.cluster.local", "ns1", vips);
        var responder = new DnsResponder(Settings, mesh.State, new(new CountingMetrics(), NullLogger.Instance), new Random(7));
        var into = new byte[DnsResponder.MaxResponse];

        var firsts = Enumerable.Range(0, 100).Select(_ =>
        {
            responder.Decide(DnsMessages.Query("web", RecordType.A), DnsTransport.Udp, new(TestMesh.Client, Settings), into, out var length);
            return DnsMessages.Read(into.AsSpan(0, length)).Addresses[0];
        }).Distinct();

        Assert.Equal(8, firsts.Count());
    }

    [Theory]
    [InlineData("SRV", 33)]
    [InlineData("TXT", 16)]
    [InlineData("ANY", 255)]
    [InlineData("HTTPS", 65)]
    [InlineData("private use", 65400)]
    public void Other_types_are_forwarded_also_for_names_of_the_mesh(string what, int type) =>
        Assert.True(Ask(Web(), DnsMessages.Query("web.ns1.svc.cluster.local", (RecordType)type)).Action == DnsAction.Forward, what);

    [Theory]
    [InlineData("another name", "www.example.com", 0x0100)]
    [InlineData("opcode NOTIFY", "web", 0x2000)]
    [InlineData("opcode UPDATE", "web", 0x2800)]
    [InlineData("opcode 9", "web", 0x4800)]
    [InlineData("a name no host has", "we b", 0x0100)]
    public void What_is_not_ours_is_forwarded(string what, string name, int flags)
    {
        var (action, _) = Ask(Web(), DnsMessages.Query(name, RecordType.A, flags: flags));
        Assert.True(action == DnsAction.Forward, what);
    }

    [Fact]
    public void Another_class_and_more_or_less_than_one_question_are_forwarded()
    {
        Assert.Equal(DnsAction.Forward, Ask(Web(), [.. DnsMessages.Header(1), .. DnsMessages.Question("web", RecordType.A, @class: 3)]).Action);
        Assert.Equal(DnsAction.Forward, Ask(Web(), [.. DnsMessages.Header(1, questions: 2), .. DnsMessages.Question("web", RecordType.A), .. DnsMessages.Question("web", RecordType.AAAA)]).Action);
        Assert.Equal(DnsAction.Forward, Ask(Web(), [.. DnsMessages.Header(1, questions: 0, additionals: 1), .. DnsMessages.Opt(1232)]).Action);
    }

    [Fact]
    public void A_client_that_is_not_known_is_waited_for_only_if_the_name_may_be_ours()
    {
        var responder = new DnsResponder(Settings, Web().State, new(new CountingMetrics(), NullLogger.Instance), new Random(7));
        var into = new byte[DnsResponder.MaxResponse];

        Assert.Equal(DnsAction.AwaitClient, responder.Decide(DnsMessages.Query("web", RecordType.A), DnsTransport.Udp, null, into, out _));
        Assert.Equal(DnsAction.Forward, responder.Decide(DnsMessages.Query("web", RecordType.MX), DnsTransport.Udp, null, into, out _));
    }

    [Fact]
    public void An_unknown_client_is_told_why_if_it_speaks_EDNS()
    {
        var metrics = new CountingMetrics();
        var responder = new DnsResponder(Settings, Web().State, new(metrics, NullLogger.Instance), new Random(7));
        var into = new byte[DnsResponder.MaxResponse];

        var length = responder.FailUnknownClient(DnsMessages.QueryWithEdns("web", RecordType.A, 1232), DnsTransport.Udp, into);

        var response = DnsMessages.Read(into.AsSpan(0, length));
        Assert.Equal(ResponseCode.ServerFailure, response.Code);
        Assert.Equal([0, 15], response.Opt!.Data[..2]); // RFC 8914
        Assert.Contains("not known to the mesh", System.Text.Encoding.ASCII.GetString(response.Opt.Data));
        Assert.Equal([new("a", "udp", "unknown", "unknown")], metrics.LabelsOf("requested"));
    }

    [Theory]
    [InlineData(0, 512)]
    [InlineData(512, 512)]
    [InlineData(1232, 1232)]
    [InlineData(4096, 4096)]
    public void EDNS_is_answered_with_the_clients_own_size_and_DO(int asked, int answered)
    {
        var response = Ask(Web(), DnsMessages.QueryWithEdns("web", RecordType.A, asked, dnssecOk: true)).Response!;

        Assert.Equal((answered, 0x8000), (response.Opt!.Class, response.Opt.Ttl));
        Assert.Single(response.Addresses);
    }

    [Fact]
    public void A_later_version_of_EDNS_is_told_that_ours_is_0()
    {
        var response = Ask(Web(), DnsMessages.QueryWithEdns("web", RecordType.A, 1232, version: 1)).Response!;

        Assert.Equal((0, 1), ((int)response.Code, response.Opt!.Ttl >> 24)); // together 16, BADVERS
        Assert.Equal(0, response.Opt.Ttl >> 16 & 0xFF);
        Assert.Empty(response.Answers);
    }

    [Theory]
    [InlineData(null, 30)]
    [InlineData(1232, 74)]
    [InlineData(4096, 253)]
    public void A_large_answer_is_cut_to_what_the_client_takes_by_UDP(int? payload, int expected)
    {
        var mesh = new TestMesh().Service("large.com", "ns1", [.. Enumerable.Range(0, 256).Select(i => new IPAddress([10, 0, 0, (byte)i]).ToString())]);
        var query = payload is { } size ? DnsMessages.QueryWithEdns("large.com", RecordType.A, size) : DnsMessages.Query("large.com", RecordType.A);

        var udp = Ask(mesh, query).Response!;
        var tcp = Ask(mesh, query, DnsTransport.Tcp).Response!;

        Assert.Equal((true, expected), (udp.IsTruncated, udp.Addresses.Length));
        Assert.Equal((false, 256), (tcp.IsTruncated, tcp.Addresses.Distinct().Count()));
    }

    [Fact]
    public void A_response_is_no_request_and_an_error_is_not_answered_by_another()
    {
        Assert.Equal(ResponseCode.FormatError, Ask(Web(), DnsMessages.Query("web", RecordType.A, flags: 0x8000)).Response!.Code);
        Assert.Equal(DnsAction.Drop, Ask(Web(), DnsMessages.Query("web", RecordType.A, flags: 0x8001)).Action);
    }

    [Theory]
    [InlineData("a name cut off", new byte[] { 3, (byte)'w', (byte)'e' })]
    [InlineData("a pointer to itself", new byte[] { 0xC0, 12, 0, 1, 0, 1 })]
    [InlineData("no type", new byte[] { 0 })]
    public void A_question_that_cannot_be_read_is_a_format_error(string what, byte[] question)
    {
        var (action, response) = Ask(Web(), [.. DnsMessages.Header(0x4321), .. question]);

        Assert.True(action == DnsAction.Respond, what);
        Assert.Equal((0x4321, ResponseCode.FormatError), (response!.Id, response.Code));
    }

    [Fact]
    public void Of_a_question_for_us_everything_must_be_well_formed()
    {
        byte[] twoOpts = [.. DnsMessages.Header(1, additionals: 2), .. DnsMessages.Question("web", RecordType.A), .. DnsMessages.Opt(1232), .. DnsMessages.Opt(1232)];
        byte[] surplus = [.. DnsMessages.Query("web", RecordType.A), 0];
        byte[] missing = [.. DnsMessages.Header(1, additionals: 1), .. DnsMessages.Question("web", RecordType.A)];

        Assert.Equal(ResponseCode.FormatError, Ask(Web(), twoOpts).Response!.Code);
        Assert.Equal(ResponseCode.FormatError, Ask(Web(), surplus).Response!.Code);
        Assert.Equal(ResponseCode.FormatError, Ask(Web(), missing).Response!.Code);
    }

    [Fact]
    public void Too_short_for_a_header_is_dropped() => Assert.Equal(DnsAction.Drop, Ask(Web(), new byte[11]).Action);

    [Fact]
    public void Requests_are_counted_with_the_clients_labels()
    {
        var metrics = new CountingMetrics();

        Ask(Web(), DnsMessages.Query("web", RecordType.AAAA), DnsTransport.Tcp, metrics: metrics);

        Assert.Equal([new("aaaa", "tcp", "client-app", "v7")], metrics.LabelsOf("requested"));
    }

    [Fact]
    public void Any_bytes_are_answered_forwarded_or_dropped()
    {
        var mesh = Web();
        var query = DnsMessages.QueryWithEdns("web.ns1.svc.cluster.local", RecordType.A, 600);
        Prop.ForAll<byte[], NonNegativeInt>((bytes, at) =>
        {
            byte[] mutated = [.. query];
            var start = at.Get % query.Length;
            for (var i = 0; i < bytes.Length && start + i < mutated.Length; i++)
                mutated[start + i] = bytes[i];

            _ = Ask(mesh, bytes); // reads what it answers, which throws if that is malformed
            _ = Ask(mesh, [.. query[..start], .. bytes]);
            return Ask(mesh, mutated).Action is DnsAction.Respond or DnsAction.Forward or DnsAction.Drop;
        }).QuickCheckThrowOnFailure();
    }
}
