using System.Text.Json.Nodes;
using Ambient.Kubernetes.Resources;
using Ambient.Xds;
using ResourceTypes = Ambient.Kubernetes.Resources.ResourceTypes;
using Value = Google.Protobuf.WellKnownTypes.Value;

namespace Ambient.ControlPlane.Tests.Wiring;

/// <summary>What is written into the cluster, by whom, and who goes on with it when the leader stops.</summary>
public sealed class LeaderDutyTests
{
    [Fact(Timeout = 60_000)]
    public async Task An_address_that_becomes_free_goes_to_an_entry_that_waits_for_one()
    {
        await using var scene = await RunningScene.StartAsync();
        await Parallel.ForAsync(0, 256, scene.Stop, async (i, stop) => await scene.Api.CreateAsync(ResourceTypes.ServiceEntry, new()
        {
            Metadata = new() { Name = $"hog-{i}", Namespace = "demo" },
            Spec = new() { Hosts = [$"hog-{i}.example.com"], Resolution = "DNS", Addresses = [.. Enumerable.Range(0, 256).Select(j => $"240.240.{i}.{j}")] },
        }, stop));
        await scene.Process.Ready.WaitAsync(scene.Stop);
        await scene.UntilAsync(() => Task.FromResult(scene.Process.Services.Addresses.Given >= 65536));
        foreach (var name in (string[])["a", "b"])
            await scene.Api.CreateAsync(ResourceTypes.ServiceEntry, new()
            {
                Metadata = new() { Name = name, Namespace = "demo" }, Spec = new() { Hosts = [$"{name}.example.com"], Resolution = "DNS" },
            }, scene.Stop);
        foreach (var name in (string[])["a", "b"]) await scene.UntilAsync(async () => await AddressesAsync(name) == 1);

        await scene.Api.DeleteAsync(ResourceTypes.ServiceEntry, new("demo", "hog-7"), scene.Stop);

        foreach (var name in (string[])["a", "b"]) await scene.UntilAsync(async () => await AddressesAsync(name) == 2);

        async Task<int> AddressesAsync(string name) =>
            (await scene.Api.GetAsync(ResourceTypes.ServiceEntry, new("demo", name), scene.Stop)).Status?.Addresses?.Count ?? 0;
    }

    [Fact(Timeout = 120_000)]
    public async Task Hosts_without_an_address_get_one_and_keep_it_under_the_next_leader()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        var view = scene.Follow();
        Create(scene, "first", "first.example.com");

        var addresses = await AddressesAsync(scene, "first");
        Assert.Equal(2, addresses.Count);
        var service = await view.UntilAsync(mesh => mesh.Services.FirstOrDefault(static entry => entry.Service.Hostname == "first.example.com" && !entry.Service.Vips.IsEmpty));
        Assert.Equal(addresses.Order(), service.Service.Vips.Select(static vip => vip.Address.ToString()).Order());

        var next = await scene.TakeOverAsync();
        Create(scene, "second", "second.example.com");

        Assert.Empty(addresses.Intersect(await AddressesAsync(scene, "second")));
        Assert.Equal(addresses, await AddressesAsync(scene, "first"));
        Assert.Equal(4, next.Services.Addresses.Given);
        await scene.Api.MergePatchAsync(ResourceTypes.ServiceEntry, new("demo", "first"),
            """{"metadata":{"labels":{"networking.istio.io/enable-autoallocate-ip":"false"}}}"""u8.ToArray(), scene.Stop);
        await scene.UntilAsync(async () => (await FindAsync(scene, "first"))?.Status?.Addresses is not { Count: > 0 });
    }

    [Fact(Timeout = 120_000)]
    public async Task The_next_leader_writes_the_statuses()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        await scene.TakeOverAsync();

        await scene.Api.CreateAsync(ResourceTypes.AuthorizationPolicy, new()
        {
            Metadata = new() { Name = "nobody", Namespace = "demo" }, Spec = new() { Action = "DENY", Rules = [new()] },
        }, scene.Stop);

        await scene.UntilAsync(async () => (await ConditionsAsync(scene, "nobody")).Any(static one => one is { Type: "ZtunnelAccepted", Status: "True" }));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_policy_that_a_proxy_rejects_says_so_until_it_is_changed()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        await scene.Api.CreateAsync(ResourceTypes.AuthorizationPolicy, new()
        {
            Metadata = new() { Name = "odd", Namespace = "demo" }, Spec = new() { Action = "DENY", Rules = [new()] },
        }, scene.Stop);
        await scene.UntilAsync(() => Task.FromResult(scene.Process.Services.Mesh.PolicyCount == 1));
        using var channel = scene.Connect();
        await using var call = channel.OpenDuplex(DiscoveryService.Delta, new() { { "authorization", $"Bearer {scene.Token()}" } }, null, scene.Stop);

        await call.WriteAsync(new() { TypeUrl = Xds.ResourceTypes.Authorization, Node = new() { Id = "ztunnel~1.1.1.1~zt-7.istio-system~x" } }, scene.Stop);
        var response = (await call.ReadAsync(scene.Stop))!;
        await call.WriteAsync(new()
        {
            TypeUrl = Xds.ResourceTypes.Authorization, ResponseNonce = response.Nonce, ErrorDetail = new() { Message = "demo/odd: too odd: for me; demo/none: x" },
        }, scene.Stop);

        await scene.UntilAsync(async () => (await ConditionsAsync(scene, "odd")).Any(static one => one is { Type: "ambient.istio.io/ZtunnelRejected", Status: "True" }
            && one.Message!.Contains("zt-7", StringComparison.Ordinal) && one.Message.Contains("too odd: for me", StringComparison.Ordinal)));
        Assert.Contains("too odd", await scene.GetAsync(scene.Process.Pages.Admin.Port, "/debug/syncz"), StringComparison.Ordinal);
        Assert.Contains("ambient_discovery_rejections_total{url=\"type.googleapis.com/istio.security.Authorization\"} 1",
            await scene.GetAsync(scene.Process.Pages.Monitoring.Port, "/metrics"), StringComparison.Ordinal);

        await scene.Api.MergePatchAsync(ResourceTypes.AuthorizationPolicy, new("demo", "odd"), """{"spec":{"action":"ALLOW"}}"""u8.ToArray(), scene.Stop);
        await scene.UntilAsync(async () => (await ConditionsAsync(scene, "odd")) is [{ Type: "ZtunnelAccepted" }]);
    }

    // Its node says that it is a node proxy, which nobody but its token can say.
    [Fact(Timeout = 120_000)]
    public async Task What_somebody_rejects_who_is_no_proxy_is_said_of_his_own_namespace_only()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        await scene.Api.CreateAsync(ResourceTypes.Namespace, new() { Metadata = new() { Name = "other" } }, scene.Stop);
        foreach (var ns in new[] { "demo", "other" })
            await scene.Api.CreateAsync(ResourceTypes.AuthorizationPolicy, new() { Metadata = new() { Name = "odd", Namespace = ns }, Spec = new() { Action = "DENY", Rules = [new()] } }, scene.Stop);
        await scene.UntilAsync(() => Task.FromResult(scene.Process.Services.Mesh.PolicyCount == 2));
        using var channel = scene.Connect();
        await using var call = channel.OpenDuplex(DiscoveryService.Delta, new() { { "authorization", $"Bearer {scene.Cluster.Tokens.Issue("other", "default", ["istio-ca"], TimeSpan.FromHours(1)).Token}" } }, null, scene.Stop);
        var node = new Protos.Xds.Node { Id = "ztunnel~1.1.1.1~zt-7.istio-system~x", Metadata = new() { Fields = { ["NAMESPACE"] = Value.ForString("other") } } };

        await call.WriteAsync(new() { TypeUrl = Xds.ResourceTypes.Authorization, Node = node }, scene.Stop);
        var response = (await call.ReadAsync(scene.Stop))!;
        await call.WriteAsync(new() { TypeUrl = Xds.ResourceTypes.Authorization, ResponseNonce = response.Nonce, ErrorDetail = new() { Message = "demo/odd: a lie; other/odd: too odd" } }, scene.Stop);

        await scene.UntilAsync(async () => (await ConditionsAsync(scene, "odd", "other")).Any(static one =>
            one is { Type: "ambient.istio.io/ZtunnelRejected" } && one.Message!.StartsWith("other/default, ztunnel~1.1.1.1~zt-7", StringComparison.Ordinal)));
        Assert.DoesNotContain(await ConditionsAsync(scene, "odd"), static one => one.Type == "ambient.istio.io/ZtunnelRejected");
    }

    [Theory(Timeout = 120_000)]
    [InlineData("HTTPRoute", "gateway.networking.k8s.io/v1", """{"parentRefs":[{"kind":"Service","group":"","name":"web"}],"rules":[{"name":"a"}]}""", """{"parentRefs":[{"kind":"Service","group":"","name":"web"}],"rules":[{"matches":[{"path":{"value":"/b"}}]}]}""")]
    [InlineData("DestinationRule", "networking.istio.io/v1", """{"host":"web","trafficPolicy":{"loadBalancer":{"simple":"RANDOM"}}}""", """{"host":"web","trafficPolicy":{"loadBalancer":{"simple":"ROUND_ROBIN"}}}""")]
    public async Task What_a_waypoint_rejects_stands_in_the_status_of_the_users_object_until_it_is_changed(string kind, string version, string spec, string mended)
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        Create(scene, "v1", "Service", "web", """{"clusterIP":"10.96.0.9","ports":[{"name":"http","port":80}]}""");
        Create(scene, version, kind, "odd", spec);
        var stored = scene.Cluster.Store.Kinds.FindDocument(version, kind)!.Value.Kind;
        await scene.UntilAsync(() => Task.FromResult(scene.Process.Services.Mesh.TrafficCount == 1));
        using var channel = scene.Connect();
        await using var call = channel.OpenDuplex(DiscoveryService.Delta, new() { { "authorization", $"Bearer {scene.Cluster.Tokens.Issue("demo", "web", ["istio-ca"], TimeSpan.FromHours(1)).Token}" } }, null, scene.Stop);

        await call.WriteAsync(new() { TypeUrl = Xds.ResourceTypes.Traffic, Node = new() { Id = "waypoint~1.1.1.1~wp-7.demo~x" } }, scene.Stop);
        var response = (await call.ReadAsync(scene.Stop))!;
        await call.WriteAsync(new() { TypeUrl = Xds.ResourceTypes.Traffic, ResponseNonce = response.Nonce, ErrorDetail = new() { Message = $"{kind}/demo/odd: too odd" } }, scene.Stop);

        await scene.UntilAsync(() => Task.FromResult(Shown().Contains("ambient.istio.io/WaypointRejected", StringComparison.Ordinal)));
        Assert.Matches("wp-7.*too odd", Shown());
        scene.Cluster.Store.Update(stored, "demo", "odd", document => { document["spec"] = JsonNode.Parse(mended); return document; });
        await scene.UntilAsync(() => Task.FromResult(!Shown().Contains("WaypointRejected", StringComparison.Ordinal)));
        Assert.NotEqual("", Shown()); // what else is said of it is still said

        string Shown() => scene.Cluster.Store.Get(stored, "demo", "odd").Copy()["status"]?.ToJsonString() ?? "";
    }

    private static async Task<List<string>> AddressesAsync(RunningScene scene, string name)
    {
        List<string>? found = null;
        await scene.UntilAsync(async () => (found = (await FindAsync(scene, name))?.Status?.Addresses?.Select(static one => one.Value).ToList()) is { Count: > 0 });
        return found!;
    }

    private static Task<ServiceEntry?> FindAsync(RunningScene scene, string name) => scene.Api.FindAsync(ResourceTypes.ServiceEntry, new("demo", name), scene.Stop);

    private static async Task<IReadOnlyList<Condition>> ConditionsAsync(RunningScene scene, string name, string ns = "demo") =>
        (await scene.Api.GetAsync(ResourceTypes.AuthorizationPolicy, new(ns, name), scene.Stop)).Status?.Conditions ?? [];

    private static void Create(RunningScene scene, string name, string host) => Create(scene, "networking.istio.io/v1", "ServiceEntry", name,
        $$"""{"hosts":["{{host}}"],"resolution":"DNS","location":"MESH_EXTERNAL","ports":[{"number":80,"name":"http","protocol":"HTTP"}]}""");

    private static void Create(RunningScene scene, string version, string kind, string name, string spec) => scene.Cluster.Store.Create(JsonNode.Parse($$"""
        {"apiVersion":"{{version}}","kind":"{{kind}}","metadata":{"name":"{{name}}","namespace":"demo"},"spec":{{spec}}}
        """)!.AsObject());
}
