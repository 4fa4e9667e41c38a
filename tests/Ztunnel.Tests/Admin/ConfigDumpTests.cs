using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;
using Ambient.Transport;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Tests.Connections;

namespace Ambient.Ztunnel.Tests.Admin;

public sealed class ConfigDumpTests : IDisposable
{
    private readonly DumpScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task The_document_has_the_sections_that_tools_look_for()
    {
        var dump = await _scene.DumpAsync();

        Assert.Equal(["workloads", "services", "policies", "stagedServices", "staticConfig", "version", "config", "certificates", "workloadState"],
            dump.EnumerateObject().Select(property => property.Name));
        Assert.Equal("1.30.0", dump.GetProperty("version").GetProperty("istioVersion").GetString());
    }

    [Fact]
    public async Task A_large_dump_goes_out_in_pieces_and_ends_when_nobody_takes_them()
    {
        var mesh = new MeshBuilder();
        for (var i = 0; i < 1000; i++) mesh.Workload($"w{i}", $"10.1.{i / 250}.{i % 250}");
        _scene.Mesh = mesh.Build();
        var (output, longest, before) = (new ArrayBufferWriter<byte>(), 0, 0);

        await _scene.WriteAsync(output, () =>
        {
            (longest, before) = (Math.Max(longest, output.WrittenCount - before), output.WrittenCount);
            return new(true);
        });
        var taken = new ArrayBufferWriter<byte>();
        await _scene.WriteAsync(taken, () => new(taken.WrittenCount < 10_000));

        Assert.InRange(longest, 1, output.WrittenCount / 100);
        Assert.InRange(taken.WrittenCount, 10_000, 20_000);
        Assert.True((await _scene.RespondAsync()).Body.IsEmpty); // nothing of it is there before somebody takes it
    }

    [Fact]
    public async Task A_dedicated_proxy_has_no_pods()
    {
        _scene.Options.Set("PROXY_MODE", "dedicated").Set("PROXY_WORKLOAD_INFO", "a/b/c");

        Assert.False((await _scene.DumpAsync()).TryGetProperty("workloadState", out _));
    }

    [Fact]
    public async Task Workloads_and_services_have_the_field_names_of_the_local_configuration()
    {
        _scene.Mesh = new MeshBuilder()
            .Workload("b", "10.1.0.2 2001:db8::2", services: "web")
            .Workload("a", "10.1.0.1", with: workload => workload with
            {
                Waypoint = new GatewayAddress(new ServiceKey("default", "wp.default.svc.cluster.local"), 15008),
                AuthorizationPolicies = ["default/deny"], Locality = new Locality("eu", "a", ""), NativeTunnel = true, Node = "n1",
            })
            .Workload("c", "10.1.0.3", with: static workload => workload with { Waypoint = MeshBuilder.GatewayAt("remote/10.1.0.9") })
            .Service("web", "10.96.0.1 remote/10.96.0.2", "80:8080 443", waypoint: "wp").Build();

        var dump = await _scene.DumpAsync();

        var (first, second) = (dump.GetProperty("workloads")[0], dump.GetProperty("workloads")[1]);
        Assert.Equal("a", first.GetProperty("name").GetString());
        Assert.Equal("default/wp.default.svc.cluster.local", first.GetProperty("waypoint").GetProperty("destination").GetString());
        Assert.Equal(15008, first.GetProperty("waypoint").GetProperty("hboneMtlsPort").GetInt32());
        Assert.Equal("HBONE", first.GetProperty("protocol").GetString());
        Assert.Equal("default/deny", first.GetProperty("authorizationPolicies")[0].GetString());
        Assert.Equal("eu", first.GetProperty("locality").GetProperty("region").GetString());
        Assert.True(first.GetProperty("nativeTunnel").GetBoolean());
        Assert.Equal(["10.1.0.2", "2001:db8::2"], second.GetProperty("workloadIps").EnumerateArray().Select(ip => ip.GetString()));
        Assert.Equal("Healthy", second.GetProperty("status").GetString());
        Assert.False(second.TryGetProperty("waypoint", out _));
        Assert.Equal("remote/10.1.0.9", dump.GetProperty("workloads")[2].GetProperty("waypoint").GetProperty("destination").GetString());

        var service = dump.GetProperty("services")[0];
        Assert.Equal(["/10.96.0.1", "remote/10.96.0.2"], service.GetProperty("vips").EnumerateArray().Select(vip => vip.GetString()));
        Assert.Equal(8080, service.GetProperty("ports").GetProperty("80").GetInt32());
        Assert.Equal("Public", service.GetProperty("visibility").GetString());
        var endpoint = Assert.Single(service.GetProperty("endpoints").EnumerateObject());
        Assert.Equal(endpoint.Name, endpoint.Value.GetProperty("workloadUid").GetString());
    }

    [Fact]
    public async Task A_policy_shows_its_rules_as_nested_lists()
    {
        _scene.Mesh = new MeshBuilder().Policy("deny", PolicyAction.Deny, match: new PolicyMatch
        {
            Principals = [StringMatcher.Exact("td/ns/a/sa/b"), StringMatcher.Presence], NotNamespaces = [StringMatcher.Prefix("kube-")],
            DestinationPorts = [8080], ServiceAccounts = [new ServiceAccountName("ns", "sa")],
        }).Build();

        var policy = (await _scene.DumpAsync()).GetProperty("policies")[0];

        Assert.Equal("Deny", policy.GetProperty("action").GetString());
        Assert.Equal(
            """[[[{"notNamespaces":[{"Prefix":"kube-"}],"serviceAccounts":[{"namespace":"ns","serviceAccount":"sa"}],"principals":[{"Exact":"td/ns/a/sa/b"},{"Presence":[]}],"destinationPorts":[8080]}]]]""",
            JsonSerializer.Serialize(policy.GetProperty("rules")));
    }

    [Fact]
    public async Task Certificates_are_sorted_and_show_their_state_and_public_parts_only()
    {
        var (good, bad, early) = (SpiffeId.Parse("spiffe://td/ns/b/sa/good"), SpiffeId.Parse("spiffe://td/ns/c/sa/bad"), SpiffeId.Parse("spiffe://td/ns/a/sa/early"));
        var issued = Issue(good);
        _scene.Issued[good] = issued;
        _scene.Certificates =
        [
            new(good, CertificateState.Available, null, null, issued.Chain, issued.Roots),
            new(bad, CertificateState.Unavailable, "the authority is away", null, [], []),
            new(early, CertificateState.Initializing, null, null, [], []),
        ];

        var dump = await _scene.DumpAsync();

        var certificates = dump.GetProperty("certificates");
        Assert.Equal([$"{early}", $"{good}", $"{bad}"], certificates.EnumerateArray().Select(entry => entry.GetProperty("identity").GetString()));
        Assert.Equal(["Initializing", "Available", "Unavailable: the authority is away"], certificates.EnumerateArray().Select(entry => entry.GetProperty("state").GetString()));
        var leaf = certificates[1].GetProperty("certChain")[0];
        Assert.Matches("^[0-9]+$", leaf.GetProperty("serialNumber").GetString());
        Assert.Matches("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$", leaf.GetProperty("expirationTime").GetString());
        var pem = Encoding.ASCII.GetString(leaf.GetProperty("pem").GetBytesFromBase64());
        using var parsed = X509Certificate2.CreateFromPem(pem);
        Assert.Equal(issued.SerialNumber, parsed.SerialNumber);
        Assert.Single(certificates[1].GetProperty("rootCerts").EnumerateArray());
        Assert.DoesNotContain("PRIVATE KEY", dump.GetRawText());
    }

    [Fact]
    public async Task Pods_show_their_connections()
    {
        _scene.Pods =
        [
            new(new PodInfo("pod-client", "client-0", "default", "client"), PodState.Up, null, null),
            new(new PodInfo("pod-server", "server-0", "shop", "server"), PodState.Pending, "port 15001 is in use", null),
        ];
        await _scene.Traffic.OnAsync(0, ledger =>
        {
            ledger.Open(_scene.Traffic.Outbound, new ByteCounters(), new RecordingOwner());
            ledger.Open(_scene.Traffic.Inbound, new ByteCounters(), new RecordingOwner());
            return 0;
        });

        var state = (await _scene.DumpAsync()).GetProperty("workloadState");

        var (client, server) = (state.GetProperty("pod-client"), state.GetProperty("pod-server"));
        Assert.Equal("Up", client.GetProperty("state").GetString());
        Assert.Equal("""{"src":"10.1.0.1:40000","originalDst":"10.96.0.1:80","actualDst":"10.1.0.2:15008","protocol":"HBONE"}""",
            JsonSerializer.Serialize(client.GetProperty("connections").GetProperty("outbound")[0]));
        Assert.Equal("""{"src":"10.1.0.1:40001","originalDst":"web.shop.svc.cluster.local","actualDst":"10.1.0.2:8080","protocol":"HBONE"}""",
            JsonSerializer.Serialize(server.GetProperty("connections").GetProperty("inbound")[0]));
        Assert.Equal("""{"name":"server-0","namespace":"shop","serviceAccount":"server"}""", JsonSerializer.Serialize(server.GetProperty("info")));
        Assert.Equal("port 15001 is in use", server.GetProperty("error").GetString());
    }

    [Fact]
    public async Task Settings_are_shown_without_secrets()
    {
        _scene.Options.Set("AUTH_TOKEN", "very-secret").Set("XDS_HEADER_AUTHORIZATION", "also-secret").Set("LOCAL_XDS", "workloads: []");

        var dump = await _scene.DumpAsync();

        Assert.Equal("token", dump.GetProperty("config").GetProperty("auth").GetString());
        Assert.Equal(15000, dump.GetProperty("config").GetProperty("adminPort").GetInt32());
        Assert.DoesNotContain("secret\"", dump.GetRawText());
    }

    private static WorkloadCertificate Issue(SpiffeId identity)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        var rootRequest = new CertificateRequest("CN=root", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = rootRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        using var key = new WorkloadKey();
        var request = CertificateRequest.LoadSigningRequestPem(key.RequestFor(identity), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        using var leaf = request.Create(root, now.AddHours(-1), now.AddHours(1), [0x9F, 1, 2, 3, 4, 5, 6, 7]);
        return WorkloadCertificate.FromChain(identity, [leaf.ExportCertificatePem(), root.ExportCertificatePem()], key.ExportPrivateKey());
    }
}
