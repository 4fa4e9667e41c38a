using System.Net;
using System.Text.Json.Nodes;
using Ambient.Kubernetes.Resources;
using Ambient.Model.State;
using Ambient.Xds.Client;

namespace Ambient.ControlPlane.Tests.Wiring;

/// <summary>The whole control plane against a cluster's API: objects go in at one end, a proxy reads the mesh at the other.</summary>
public sealed class ControlPlaneTests
{
    [Fact(Timeout = 60_000)]
    public async Task Pods_and_services_become_workloads_of_a_proxy_and_follow_every_change()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Api.CreateAsync(ResourceTypes.Service, Web(), scene.Stop);
        CreatePod(scene, "web-1");
        await scene.Process.Ready.WaitAsync(scene.Stop);
        await MakeReadyAsync(scene, "web-1", "10.244.0.11");
        var view = scene.Follow();

        var workload = await view.UntilAsync(mesh => Workload(mesh, "web-1"));
        Assert.Equal("Kubernetes//Pod/demo/web-1", workload.Uid);
        Assert.Equal([IPAddress.Parse("10.244.0.11")], workload.Addresses);
        Assert.Equal(Model.Workloads.TunnelProtocol.Hbone, workload.Protocol);
        Assert.Equal(("cluster.local", "web", "node-1"), (workload.TrustDomain, workload.ServiceAccount, workload.Node));
        var service = await view.UntilAsync(mesh => mesh.Services.FirstOrDefault(entry => entry.Service.Hostname == "web.demo.svc.cluster.local"));
        Assert.True(service.Service.Ports.Contains(80));

        CreatePod(scene, "web-2");
        await MakeReadyAsync(scene, "web-2", "10.244.0.12");
        await view.UntilAsync(mesh => Workload(mesh, "web-2"));
        scene.Cluster.Store.Delete(scene.Cluster.Store.Kinds.Get("", "Pod"), "demo", "web-1", new() { GracePeriodSeconds = 0 });
        await view.UntilAsync(mesh => Workload(mesh, "web-1") is null ? "gone" : null);

        Assert.NotNull(Workload(view.Mesh, "web-2"));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_publication_that_fails_ends_the_process_with_an_error_that_names_what_changed()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        Assert.False(scene.Process.Running.IsCompleted);
        scene.Options.Authority.ConfiguredAliases = null!; // any defect: publishing reads it

        await scene.Api.CreateAsync(ResourceTypes.Service, Web(), scene.Stop);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => scene.Process.Running.WaitAsync(scene.Stop));
        Assert.Contains("Service demo/web", error.Message, StringComparison.Ordinal);
        await scene.Process.StopAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_policy_reaches_the_proxy_and_its_status_says_so()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        var view = scene.Follow();

        await scene.Api.CreateAsync(ResourceTypes.AuthorizationPolicy, new()
        {
            Metadata = new() { Name = "nobody", Namespace = "demo" }, Spec = new() { Action = "DENY", Rules = [new()] },
        }, scene.Stop);
        await view.UntilAsync(mesh => mesh.Policies.FirstOrDefault(policy => policy.Policy.Key == "demo/nobody"));
        var told = await ConditionAsync(scene, "nobody");
        Assert.Equal(("ZtunnelAccepted", "True", "Accepted"), (told.Type, told.Status, told.Reason));
        Assert.NotNull(told.LastTransitionTime);

        await scene.Api.DeleteAsync(ResourceTypes.AuthorizationPolicy, new("demo", "nobody"), scene.Stop);
        await view.UntilAsync(mesh => mesh.Policies.Any(policy => policy.Policy.Key == "demo/nobody") ? null : "gone");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_route_reaches_the_waypoint_before_its_service_does_and_goes_again()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Api.CreateAsync(ResourceTypes.ServiceAccount, new() { Metadata = new() { Name = "wp", Namespace = "demo" } }, scene.Stop);
        await scene.Process.Ready.WaitAsync(scene.Stop);
        var view = scene.FollowAsWaypoint();
        await view.Client.Ready.WaitAsync(scene.Stop);

        await scene.Api.CreateAsync(ResourceTypes.HttpRoute, new()
        {
            Metadata = new() { Name = "r", Namespace = "demo" },
            Spec = new() { ParentRefs = [new() { Group = "", Kind = "Service", Name = "web" }], Rules = [new() { BackendRefs = [new() { Name = "web", Port = 80 }] }] },
        }, scene.Stop);
        await scene.Api.CreateAsync(ResourceTypes.Service, Web(), scene.Stop);
        var service = await view.UntilAsync(mesh => mesh.Services.FirstOrDefault(entry => entry.Service.Hostname == "web.demo.svc.cluster.local"));

        Assert.Equal("r", Assert.Single(view.Traffic.Current.RoutesOf(service.Service.Key)).Name);
        await UntilAsync(scene, async () => await scene.Api.GetAsync(ResourceTypes.HttpRoute, new("demo", "r"), scene.Stop) is { Status.Parents: [var entry] } told
            && entry.GetProperty("conditions").EnumerateArray().Any(static one => one.GetProperty("type").GetString() == "Accepted" && one.GetProperty("status").GetString() == "True") ? told : null);
        Assert.Contains("HTTPRoute/demo/r", view.Traffic.Current.Resources.Keys);
        Assert.Contains("\"traffic\"", await scene.GetAsync(scene.Process.Pages.Admin.Port, "/debug/ambientz"), StringComparison.Ordinal);

        await scene.Api.DeleteAsync(ResourceTypes.HttpRoute, new("demo", "r"), scene.Stop);
        await scene.Api.DeleteAsync(ResourceTypes.Service, new("demo", "web"), scene.Stop);
        await view.UntilAsync(mesh => mesh.FindService(service.Service.Key) is null ? "gone" : null);
        Assert.Empty(view.Traffic.Current.Resources);
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_has_no_token_of_the_right_audience_is_not_served()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        var wrong = scene.Follow(token: scene.Cluster.Tokens.Issue("istio-system", "ztunnel", ["another"], TimeSpan.FromHours(1)).Token);
        var other = scene.Follow(token: scene.Cluster.Tokens.Issue("demo", "default", ["istio-ca"], TimeSpan.FromHours(1)).Token);

        Assert.NotEqual(StreamEnd.Complete, await wrong.Journal.FirstEnd.WaitAsync(scene.Stop));
        Assert.NotEqual(StreamEnd.Complete, await other.Journal.FirstEnd.WaitAsync(scene.Stop)); // says that it is of istio-system
        Assert.False(wrong.Client.Ready.IsCompleted || other.Client.Ready.IsCompleted);
    }

    [Fact(Timeout = 60_000)]
    public async Task Pages_tell_how_everything_stands_and_change_log_levels()
    {
        await using var scene = await RunningScene.StartAsync();
        CreatePod(scene, "web-1");
        await scene.Process.Ready.WaitAsync(scene.Stop);
        await MakeReadyAsync(scene, "web-1", "10.244.0.11");
        var view = scene.Follow();
        await view.UntilAsync(mesh => Workload(mesh, "web-1"));
        var pages = scene.Process.Pages;

        Assert.Equal("ready\n", await scene.GetAsync(pages.Health.Port, "/ready"));
        var metrics = await scene.GetAsync(pages.Monitoring.Port, "/metrics");
        Assert.Contains("ambient_objects{kind=\"Pod\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("ambient_discovery_addresses 2", metrics, StringComparison.Ordinal);
        Assert.Contains("istio_build{component=\"pilot\"", metrics, StringComparison.Ordinal);

        var informers = JsonNode.Parse(await scene.GetAsync(pages.Admin.Port, "/debug/informerz"))!.AsArray();
        Assert.All(informers, informer => Assert.True(informer!["synced"]!.GetValue<bool>()));
        var proxies = JsonNode.Parse(await scene.GetAsync(pages.Admin.Port, "/debug/syncz"))!.AsArray();
        Assert.StartsWith("ztunnel~", proxies.Single()!["proxy"]!.GetValue<string>(), StringComparison.Ordinal);
        var dump = JsonNode.Parse(await scene.GetAsync(pages.Admin.Port, "/debug/ambientz"))!;
        Assert.Equal(["web-1", "kubernetes"], dump["addresses"]!.AsArray().Select(address => (address!["workload"] ?? address["service"])!["name"]!.GetValue<string>()));
        var one = JsonNode.Parse(await scene.GetAsync(pages.Admin.Port, "/debug/ambientz?only=/10.244.0.11"))!;
        Assert.Equal("10.244.0.11", Assert.Single(one["addresses"]!.AsArray())!["workload"]!["addresses"]![0]!.GetValue<string>());
        Assert.Equal("[]", await scene.GetAsync(pages.Admin.Port, "/debug/diagnosticz"));
        var authority = JsonNode.Parse(await scene.GetAsync(pages.Admin.Port, "/debug/authorityz"))!;
        Assert.Null(authority["problem"]);
        Assert.NotEmpty(await scene.GetAsync(pages.Admin.Port, "/debug/statusz"));

        using var http = new HttpClient();
        var changed = await http.PostAsync($"http://127.0.0.1:{pages.Admin.Port}/logging?level=debug", null, scene.Stop);
        Assert.Contains("debug", await changed.Content.ReadAsStringAsync(scene.Stop), StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Two_replicas_serve_and_one_of_them_leads_until_it_stops()
    {
        await using var scene = await RunningScene.StartAsync();
        var second = await scene.StartControlPlaneAsync("cp-2", ("PILOT_DEBOUNCE_MAX", "1s"));
        await Task.WhenAll(scene.Process.Ready, second.Ready).WaitAsync(scene.Stop);
        var (one, two) = (scene.Follow(), scene.Follow(second));

        CreatePod(scene, "web-1");
        await MakeReadyAsync(scene, "web-1", "10.244.0.11");
        await one.UntilAsync(mesh => Workload(mesh, "web-1"));
        await two.UntilAsync(mesh => Workload(mesh, "web-1"));

        Assert.Equal(scene.Process.Services.Authority.Authority.InForce!.RootsPem, second.Services.Authority.Authority.InForce!.RootsPem);
        var leaders = new[] { scene.Process, second }.Count(process => process.Services.Election.IsLeader);
        Assert.InRange(leaders, 0, 1); // none in the moment before the first has got it
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_namespace_gets_the_trust_bundle()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);

        var bundle = await UntilAsync(scene, () => scene.Api.FindAsync(ResourceTypes.ConfigMap, new("demo", "istio-ca-root-cert"), scene.Stop));

        Assert.Equal(scene.Process.Services.Authority.Authority.InForce!.RootsPem, bundle.Data!["root-cert.pem"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_mesh_configuration_names_the_trust_domain()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Api.CreateAsync(ResourceTypes.ConfigMap, new()
        {
            Metadata = new() { Name = "istio", Namespace = "istio-system" },
            Data = new Dictionary<string, string> { ["mesh"] = "trustDomain: example.org\nrootNamespace: istio-system\n" },
        }, scene.Stop);
        CreatePod(scene, "web-1");
        await MakeReadyAsync(scene, "web-1", "10.244.0.11");
        var second = await scene.StartControlPlaneAsync("cp-2");
        await second.Ready.WaitAsync(scene.Stop);

        var workload = await scene.Follow(second).UntilAsync(mesh => Workload(mesh, "web-1"));

        Assert.Equal("example.org", workload.TrustDomain);
        Assert.True(second.Services.Authority.Server.Leaf is not null);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_mesh_configuration_outlives_a_policy_that_names_it()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Api.CreateAsync(ResourceTypes.ConfigMap, new()
        {
            Metadata = new() { Name = "istio", Namespace = "istio-system" },
            Data = new Dictionary<string, string> { ["mesh"] = "trustDomain: example.org\nrootNamespace: istio-system\n" },
        }, scene.Stop);
        var second = await scene.StartControlPlaneAsync("cp-2");
        await second.Ready.WaitAsync(scene.Stop);
        await scene.Api.CreateAsync(ResourceTypes.BackendTlsPolicy, new()
        {
            Metadata = new() { Name = "strange", Namespace = "istio-system" },
            Spec = new()
            {
                TargetRefs = [new() { Group = "", Kind = "Service", Name = "web" }],
                Validation = new() { Hostname = "web.example", CaCertificateRefs = [new() { Group = "", Kind = "ConfigMap", Name = "istio" }] },
            },
        }, scene.Stop);
        await UntilAsync(scene, async () => await scene.Api.GetAsync(ResourceTypes.BackendTlsPolicy, new("istio-system", "strange"), scene.Stop) is { Status.Ancestors.Count: > 0 } told ? told : null);

        await scene.Api.DeleteAsync(ResourceTypes.BackendTlsPolicy, new("istio-system", "strange"), scene.Stop);
        CreatePod(scene, "web-1");
        await MakeReadyAsync(scene, "web-1", "10.244.0.11");

        Assert.Equal("example.org", (await scene.Follow(second).UntilAsync(mesh => Workload(mesh, "web-1"))).TrustDomain);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_nothing_honours_is_told_so_and_holds_nothing_up_while_it_cannot_be_read()
    {
        await using var scene = await RunningScene.StartAsync();
        await scene.Process.Ready.WaitAsync(scene.Stop);
        await scene.Api.CreateAsync(ResourceTypes.RequestAuthentication, new() { Metadata = new() { Name = "tokens", Namespace = "demo" } }, scene.Stop);
        await UntilAsync(scene, async () => await scene.Api.GetAsync(ResourceTypes.RequestAuthentication, new("demo", "tokens"), scene.Stop) is { Status.Conditions: [{ Status: "False" }] } told ? told : null);

        scene.Refuses = static asked => asked is { Verb: "list", Resource: "requestauthentications" };
        var second = await scene.StartControlPlaneAsync("cp-2");

        await second.Ready.WaitAsync(scene.Stop);
        Assert.Contains(second.Services.Informers.All, static informer => informer is { Type.Kind: "RequestAuthentication", HasSynced: false });
    }

    private static async Task<Condition> ConditionAsync(RunningScene scene, string policy)
    {
        var told = await UntilAsync(scene, async () =>
            (await scene.Api.GetAsync(ResourceTypes.AuthorizationPolicy, new("demo", policy), scene.Stop)).Status is { Conditions.Count: > 0 } status ? status : null);
        return told.Conditions!.Single();
    }

    // The API is asked until it says so; the test's timeout bounds it.
    private static async Task<T> UntilAsync<T>(RunningScene scene, Func<Task<T?>> find) where T : class
    {
        while (true)
        {
            if (await find() is { } found) return found;
            scene.Stop.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static Model.Workloads.Workload? Workload(MeshSnapshot mesh, string name) => mesh.Workloads.FirstOrDefault(workload => workload.Name == name);

    private static Service Web() => new()
    {
        Metadata = new() { Name = "web", Namespace = "demo" },
        Spec = new() { Selector = new Dictionary<string, string> { ["app"] = "web" }, Ports = [new() { Name = "http", Port = 80, Protocol = "TCP" }] },
    };

    // As users write them; our own types leave out what we do not read.
    private static void CreatePod(RunningScene scene, string name) => scene.Cluster.Store.Create(JsonNode.Parse($$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{name}}","namespace":"demo","labels":{"app":"web"},
         "annotations":{"ambient.istio.io/redirection":"enabled"} },
         "spec":{"nodeName":"node-1","serviceAccountName":"web","containers":[{"name":"web","image":"web"}]} }
        """)!.AsObject());

    private static Task MakeReadyAsync(RunningScene scene, string pod, string address) => scene.Api.MergePatchStatusAsync(ResourceTypes.Pod, new("demo", pod),
        System.Text.Encoding.UTF8.GetBytes($$"""
            {"status":{"phase":"Running","podIP":"{{address}}","podIPs":[{"ip":"{{address}}"}],"conditions":[{"type":"Ready","status":"True"}]} }
            """), scene.Stop);
}
