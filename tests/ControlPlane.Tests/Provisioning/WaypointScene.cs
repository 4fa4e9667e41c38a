using System.Text.Json.Nodes;
using Ambient.ControlPlane.Tests.Wiring;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.ControlPlane.Tests.Provisioning;

/// <summary>A cluster's API and a control plane that leads, with words for waypoints. There are no controllers: a test says when pods are ready.</summary>
internal sealed class WaypointScene : IAsyncDisposable
{
    public const string Waypoint = "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: waypoint, namespace: demo}, "
        + "spec: {gatewayClassName: ambient-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}";

    private WaypointScene(RunningScene running) => Running = running;

    public RunningScene Running { get; }

    private ObjectStore Store => Running.Cluster.Store;

    public static async Task<WaypointScene> StartAsync(params (string Name, string Value)[] environment)
    {
        var scene = new WaypointScene(await RunningScene.StartAsync(environment));
        await scene.Running.Process.Ready.WaitAsync(scene.Running.Stop);
        await scene.UntilAsync(() => scene.Running.Process.Services.Election.IsLeader);
        return scene;
    }

    public Task UntilAsync(Func<bool> condition) => Running.UntilAsync(() => Task.FromResult(condition()));

    public void Create(string yaml)
    {
        foreach (var document in Yaml.ParseAll(yaml)) Store.Create((JsonObject)document);
    }

    public JsonObject? Find(string kind, string name, string ns = "demo") => Store.Find(KindOf(kind), IsOfCluster(kind) ? "" : ns, name)?.Copy();

    /// <summary>Somebody edits an object.</summary>
    public void Edit(string kind, string name, Action<JsonObject> change, string? subresource = null, string ns = "demo") =>
        Store.Update(KindOf(kind), IsOfCluster(kind) ? "" : ns, name, document =>
        {
            change(document);
            return document;
        }, new() { Owner = "somebody", Subresource = subresource ?? "" });

    public void Delete(string kind, string name, string ns = "demo") => Store.Delete(KindOf(kind), ns, name);

    /// <summary>Waits for an object that is as wanted.</summary>
    public async Task<JsonObject> UntilAsync(string kind, string name, Func<JsonObject, bool> condition, string ns = "demo")
    {
        JsonObject? found = null;
        await UntilAsync(() => (found = Find(kind, name, ns)) is not null && condition(found));
        return found!;
    }

    public Task<JsonObject> UntilAsync(string kind, string name) => UntilAsync(kind, name, static _ => true);

    /// <summary>Waits until the gateway's condition of this type has this status and reason.</summary>
    public Task<JsonObject> UntilAsync(string gateway, string type, string status, string reason) =>
        UntilAsync("Gateway", gateway, document => Condition(document, type) is var (found, why, _) && (found, why) == (status, reason));

    public static (string? Status, string? Reason, string Message)? Condition(JsonObject document, string type) =>
        document.ObjectsAt("status", "conditions").FirstOrDefault(one => one.Text("type") == type) is { } found
            ? (found.Text("status"), found.Text("reason"), found.Text("message") ?? "")
            : null;

    /// <summary>The kubelet and the controllers have done their work.</summary>
    public async Task MakeReadyAsync(string name)
    {
        await UntilAsync("Deployment", name);
        Edit("Deployment", name, static deployment => deployment["status"] = new JsonObject { ["replicas"] = 1, ["readyReplicas"] = 1, ["availableReplicas"] = 1 }, "status");
    }

    public ValueTask DisposeAsync() => Running.DisposeAsync();

    private static bool IsOfCluster(string kind) => kind is "GatewayClass" or "Namespace";

    private Ambient.Playground.Api.Kinds.ResourceKind KindOf(string kind) => Store.Kinds.All.Single(one => one.Kind == kind && one.Group != "extensions");

}
