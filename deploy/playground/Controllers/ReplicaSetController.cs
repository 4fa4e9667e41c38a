using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>ReplicaSets have as many pods as they say.</summary>
internal sealed class ReplicaSetController(ObjectStore store) : Controller(store)
{
    private readonly ResourceKind _sets = store.Kinds.Get("apps", "ReplicaSet"), _pods = store.Kinds.Get("", "Pod");
    private readonly StatusWriter _writer = new(store, "replicaset-controller");
    private readonly EventRecorder _events = new(store, "replicaset-controller");

    protected override IEnumerable<ResourceKind> Watched => [_sets, _pods];

    protected override IEnumerable<ObjectKey> Affected(StoredObject written) => written.Kind.Kind == "ReplicaSet"
        ? [new(written.Namespace, written.Name)]
        : written.Copy().ObjectsAt("metadata", "ownerReferences").Where(owner => owner.Text("kind") == "ReplicaSet").Select(owner => new ObjectKey(written.Namespace, owner.Text("name")!));

    protected override TimeSpan? Reconcile(ObjectKey key)
    {
        if (Store.Find(_sets, key.Namespace, key.Name) is not { IsEnding: false } set) return null;
        var document = set.Copy();
        var wanted = document.Number("spec", "replicas") ?? 1;
        var pods = Active(set);
        if (pods.Count < wanted && Adopt(set, document)) pods = Active(set);
        for (var i = pods.Count; i < wanted; i++) Create(set, document);
        foreach (var (pod, _) in pods.OrderBy(pod => Worth(pod.Document)).ThenByDescending(pod => pod.Pod.Version).Take((int)Math.Max(0, pods.Count - wanted))) Delete(set, pod);
        return WriteStatus(set, document, Active(set));
    }

    private List<(StoredObject Pod, JsonObject Document)> Active(StoredObject set) =>
        [.. Store.Dependents(set.Uid).Where(one => one.Kind == _pods).Select(pod => (Pod: pod, Document: pod.Copy()))
            .Where(pod => PodTemplate.IsActive(pod.Document) && PodTemplate.ControllerOf(pod.Document) == set.Uid)];

    private bool Adopt(StoredObject set, JsonObject document)
    {
        var selector = LabelSelector.Read(document.ObjectAt("spec", "selector"));
        var adopted = false;
        foreach (var pod in Store.List(_pods, set.Namespace).Items.Where(pod => !pod.IsEnding && pod.Owners.Count == 0 && selector.Matches(pod.Labels)))
        {
            _writer.Main(pod, found => found.Child("metadata")["ownerReferences"] = new JsonArray(PodTemplate.Owner(set)));
            adopted = true;
        }
        return adopted;
    }

    private void Create(StoredObject set, JsonObject document)
    {
        var pod = _writer.Create(PodTemplate.Make(set, document.Child("spec").Child("template"), set.Name));
        _events.Record(set, "SuccessfulCreate", $"Created pod: {pod.Name}");
    }

    private void Delete(StoredObject set, StoredObject pod)
    {
        Store.Delete(_pods, pod.Namespace, pod.Name, new() { Uid = pod.Uid });
        _events.Record(set, "SuccessfulDelete", $"Deleted pod: {pod.Name}");
    }

    // Who goes first: pods without a node, then those not ready.
    private static int Worth(JsonObject pod) => pod.Text("spec", "nodeName") is not { Length: > 0 } ? 0 : PodTemplate.IsReady(pod) ? 2 : 1;

    private TimeSpan? WriteStatus(StoredObject set, JsonObject document, List<(StoredObject Pod, JsonObject Document)> pods)
    {
        var selector = LabelSelector.Read(document.ObjectAt("spec", "template") is { } template ? new JsonObject { ["matchLabels"] = template.At("metadata", "labels")?.DeepClone() } : null);
        var now = Store.Time.GetUtcNow();
        var waits = pods.Select(pod => PodTemplate.UntilAvailable(pod.Document, document.Number("spec", "minReadySeconds") ?? 0, now)).ToList();
        _writer.Status(set, status =>
        {
            status["replicas"] = pods.Count;
            StatusWriter.Count(status, "fullyLabeledReplicas", pods.Count(pod => selector.Matches(pod.Pod.Labels)));
            StatusWriter.Count(status, "readyReplicas", waits.Count(wait => wait is not null));
            StatusWriter.Count(status, "availableReplicas", waits.Count(wait => wait == TimeSpan.Zero));
            status["observedGeneration"] = document.Number("metadata", "generation") ?? 1;
        });
        var later = waits.Where(wait => wait > TimeSpan.Zero).ToList();
        return later.Count > 0 ? later.Min() : null;
    }
}
