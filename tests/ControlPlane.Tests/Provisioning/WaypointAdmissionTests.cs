using System.Text.Json.Nodes;

namespace Ambient.ControlPlane.Tests.Provisioning;

/// <summary>Whose traffic a waypoint that we run takes: said on the object, and told to proxies.</summary>
public sealed class WaypointAdmissionTests
{
    private const string Other = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, team: blue}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {istio.io/use-waypoint: waypoint, istio.io/use-waypoint-namespace: demo}}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        """;

    [Fact(Timeout = 60_000)]
    public async Task Another_namespace_may_use_it_as_soon_as_and_as_long_as_allowedRoutes_admits_it()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(Other);
        scene.Create(WaypointScene.Waypoint);

        await BoundAsync(scene, "shop", "web", "False", "AttachmentDenied");
        Admit(scene, new() { ["from"] = "All" });
        await BoundAsync(scene, "shop", "web", "True", "WaypointAccepted");
        Admit(scene, new() { ["from"] = "Selector", ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["team"] = "red" } } });
        await BoundAsync(scene, "shop", "web", "False", "AttachmentDenied");
        Admit(scene, new() { ["from"] = "Selector", ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["team"] = "blue" } } });
        await BoundAsync(scene, "shop", "web", "True", "WaypointAccepted");

        var view = scene.Running.Follow();
        await view.UntilAsync(mesh => mesh.Services.FirstOrDefault(static one => one.Service.Hostname == "web.shop.svc.cluster.local")?.Service.Waypoint);
        Admit(scene, new() { ["from"] = "Same" });
        await BoundAsync(scene, "shop", "web", "False", "AttachmentDenied");
        await view.UntilAsync(mesh => mesh.Services.FirstOrDefault(static one => one.Service.Hostname == "web.shop.svc.cluster.local" && one.Service.Waypoint is null));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_namespace_hands_its_waypoint_down_and_an_object_may_opt_out()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint);
        scene.Edit("Namespace", "demo", static one => one["metadata"]!["labels"]!["istio.io/use-waypoint"] = "waypoint");
        scene.Create("""
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: demo}
            spec: {selector: {app: web}, ports: [{port: 80}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: plain, namespace: demo, labels: {istio.io/use-waypoint: none}}
            spec: {selector: {app: plain}, ports: [{port: 80}]}
            """);

        await BoundAsync(scene, "demo", "web", "True", "WaypointAccepted");
        var view = scene.Running.Follow();
        await view.UntilAsync(mesh => mesh.Services.FirstOrDefault(static one => one.Service.Hostname == "web.demo.svc.cluster.local" && one.Service.Waypoint is not null));
        foreach (var name in (string[])["plain", "waypoint"]) // its own service is no destination behind it
        {
            Assert.Null(WaypointScene.Condition(scene.Find("Service", name)!, "istio.io/WaypointBound"));
            Assert.Null(view.Mesh.Services.First(one => one.Service.Hostname == $"{name}.demo.svc.cluster.local").Service.Waypoint);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_may_ask_for_one_that_takes_workloads()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint.Replace("namespace: demo}", "namespace: demo, labels: {istio.io/waypoint-for: workload}}", StringComparison.Ordinal));
        scene.Create("""
            apiVersion: v1
            kind: Pod
            metadata: {name: web, namespace: demo, labels: {istio.io/use-waypoint: waypoint}}
            spec: {nodeName: node-1, serviceAccountName: web, containers: [{name: web, image: web}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: demo, labels: {istio.io/use-waypoint: waypoint}}
            spec: {selector: {app: web}, ports: [{port: 80}]}
            """);
        scene.Edit("Pod", "web", static one => one["status"] = new JsonObject
        {
            ["phase"] = "Running", ["podIP"] = "10.244.0.9", ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = "10.244.0.9" }),
        }, "status");
        var view = scene.Running.Follow();

        await view.UntilAsync(mesh => mesh.Workloads.FirstOrDefault(static one => one.Name == "web" && one.Waypoint is not null));
        await BoundAsync(scene, "demo", "web", "False", "UnsupportedTrafficType");
        scene.Edit("Gateway", "waypoint", static one => one["metadata"]!["labels"]!["istio.io/waypoint-for"] = "none");
        await view.UntilAsync(mesh => mesh.Workloads.FirstOrDefault(static one => one.Name == "web" && one.Waypoint is null));
        Assert.NotNull(scene.Find("Deployment", "waypoint"));
    }

    private static void Admit(WaypointScene scene, JsonObject namespaces) =>
        scene.Edit("Gateway", "waypoint", one => one["spec"]!["listeners"]![0]!["allowedRoutes"] = new JsonObject { ["namespaces"] = namespaces.DeepClone() });

    private static Task BoundAsync(WaypointScene scene, string ns, string name, string status, string reason) =>
        scene.UntilAsync("Service", name, one => WaypointScene.Condition(one, "istio.io/WaypointBound") is var (found, why, _) && (found, why) == (status, reason), ns);
}
