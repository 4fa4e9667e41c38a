using System.Text.Json.Nodes;
using Ambient.Kubernetes.Resources;
using Ambient.Xds;
using ResourceTypes = Ambient.Kubernetes.Resources.ResourceTypes;

namespace Ambient.ControlPlane.Tests.Wiring;

/// <summary>What is written into the cluster, by whom, and who goes on with it when the leader stops.</summary>
public sealed class LeaderDutyTests
{
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

    private static async Task<List<string>> AddressesAsync(RunningScene scene, string name)
    {
        List<string>? found = null;
        await scene.UntilAsync(async () => (found = (await FindAsync(scene, name))?.Status?.Addresses?.Select(static one => one.Value).ToList()) is { Count: > 0 });
        return found!;
    }

    private static Task<ServiceEntry?> FindAsync(RunningScene scene, string name) => scene.Api.FindAsync(ResourceTypes.ServiceEntry, new("demo", name), scene.Stop);

    private static async Task<IReadOnlyList<Condition>> ConditionsAsync(RunningScene scene, string name) =>
        (await scene.Api.GetAsync(ResourceTypes.AuthorizationPolicy, new("demo", name), scene.Stop)).Status?.Conditions ?? [];

    private static void Create(RunningScene scene, string name, string host) => scene.Cluster.Store.Create(JsonNode.Parse($$"""
        {"apiVersion":"networking.istio.io/v1","kind":"ServiceEntry","metadata":{"name":"{{name}}","namespace":"demo"},
         "spec":{"hosts":["{{host}}"],"resolution":"DNS","location":"MESH_EXTERNAL","ports":[{"number":80,"name":"http","protocol":"HTTP"}]} }
        """)!.AsObject());
}
