using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Deployments have one ReplicaSet for each version of their template, and move pods from the old to the new.</summary>
internal sealed class DeploymentController(ObjectStore store) : Controller(store)
{
    private const string HashLabel = "pod-template-hash", Revision = "deployment.kubernetes.io/revision";

    private readonly ResourceKind _deployments = store.Kinds.Get("apps", "Deployment"), _sets = store.Kinds.Get("apps", "ReplicaSet"), _pods = store.Kinds.Get("", "Pod");
    private readonly StatusWriter _writer = new(store, "deployment-controller");
    private readonly EventRecorder _events = new(store, "deployment-controller");

    protected override IEnumerable<ResourceKind> Watched => [_deployments, _sets];

    protected override IEnumerable<ObjectKey> Affected(StoredObject written) => written.Kind.Kind == "Deployment"
        ? [new(written.Namespace, written.Name)]
        : written.Copy().ObjectsAt("metadata", "ownerReferences").Where(owner => owner.Text("kind") == "Deployment").Select(owner => new ObjectKey(written.Namespace, owner.Text("name")!));

    protected override TimeSpan? Reconcile(ObjectKey key)
    {
        if (Store.Find(_deployments, key.Namespace, key.Name) is not { IsEnding: false } deployment) return null;
        var document = deployment.Copy();
        var sets = Sets(deployment);
        var fresh = sets.Find(set => HasTemplate(set.Document, document.ObjectAt("spec", "template")!));
        var paused = document.Flag("spec", "paused");
        if (fresh.Set is null && !paused) fresh = CreateSet(deployment, document, sets);
        if (fresh.Set is not null && !paused) deployment = ShowRevision(deployment, document, fresh, sets);
        var old = Sets(deployment).Where(set => set.Set.Uid != fresh.Set?.Uid).OrderBy(set => RevisionOf(set.Document)).ToList();
        if (paused) ScalePaused(deployment, document, fresh, old);
        else if (document.Text("spec", "strategy", "type") == "Recreate") Recreate(deployment, document, fresh, old);
        else Roll(deployment, document, fresh, old);
        WriteStatus(deployment, document, fresh.Set);
        Forget(document, old);
        return null;
    }

    private List<(StoredObject Set, JsonObject Document)> Sets(StoredObject deployment) =>
        [.. Store.Dependents(deployment.Uid).Where(one => one.Kind == _sets && !one.IsEnding).Select(set => (set, set.Copy()))];

    private static bool HasTemplate(JsonObject set, JsonObject wanted)
    {
        var template = (JsonObject)set.ObjectAt("spec", "template")!.DeepClone();
        template.ObjectAt("metadata", "labels")?.Remove(HashLabel);
        return JsonNode.DeepEquals(template, wanted);
    }

    private (StoredObject, JsonObject) CreateSet(StoredObject deployment, JsonObject document, List<(StoredObject Set, JsonObject Document)> sets)
    {
        var template = (JsonObject)document.ObjectAt("spec", "template")!.DeepClone();
        var hash = PodTemplate.Hash(template);
        template.Child("metadata").Child("labels")[HashLabel] = hash;
        var selector = (JsonObject)document.ObjectAt("spec", "selector")!.DeepClone();
        selector.Child("matchLabels")[HashLabel] = hash;
        var spec = new JsonObject { ["replicas"] = 0, ["selector"] = selector, ["template"] = template.DeepClone() };
        if (document.Number("spec", "minReadySeconds") is { } seconds) spec["minReadySeconds"] = seconds;
        var set = _writer.Create(new()
        {
            ["apiVersion"] = "apps/v1", ["kind"] = "ReplicaSet",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{deployment.Name}-{hash}", ["namespace"] = deployment.Namespace, ["labels"] = template.At("metadata", "labels")!.DeepClone(),
                ["annotations"] = Annotations(document, Newest(sets) + 1), ["ownerReferences"] = new JsonArray(PodTemplate.Owner(deployment)),
            },
            ["spec"] = spec,
        });
        return (set, set.Copy());
    }

    private StoredObject ShowRevision(StoredObject deployment, JsonObject document, (StoredObject Set, JsonObject Document) fresh, List<(StoredObject Set, JsonObject Document)> sets)
    {
        var others = sets.Where(set => set.Set.Uid != fresh.Set.Uid).ToList();
        var revision = Math.Max(RevisionOf(fresh.Document), Newest(others) + 1);
        _writer.Main(fresh.Set, set =>
        {
            foreach (var (key, value) in Annotations(document, revision)) set.Child("metadata").Child("annotations")[key] = value?.DeepClone();
        });
        return _writer.Main(deployment, found => found.Child("metadata").Child("annotations")[Revision] = revision.ToString(CultureInfo.InvariantCulture));
    }

    // The change's cause goes with the revision that it made; what kubectl keeps for itself does not.
    private static JsonObject Annotations(JsonObject deployment, long revision)
    {
        var annotations = deployment.ObjectAt("metadata", "annotations") is { } given ? (JsonObject)given.DeepClone() : [];
        annotations.Remove("kubectl.kubernetes.io/last-applied-configuration");
        annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
        return annotations;
    }

    private static long Newest(List<(StoredObject Set, JsonObject Document)> sets) => sets.Count == 0 ? 0 : sets.Max(set => RevisionOf(set.Document));

    private static long RevisionOf(JsonObject set) => long.TryParse(set.Text("metadata", "annotations", Revision), out var revision) ? revision : 0;

    private void Roll(StoredObject deployment, JsonObject document, (StoredObject Set, JsonObject Document) fresh, List<(StoredObject Set, JsonObject Document)> old)
    {
        var replicas = document.Number("spec", "replicas") ?? 1;
        var newest = Store.Get(_sets, fresh.Set.Namespace, fresh.Set.Name).Copy();
        var (next, rest) = RollingUpdate.Next(replicas, RollingUpdate.Limits(document.ObjectAt("spec", "strategy"), replicas), Read(newest), [.. old.Select(set => Read(set.Document))]);
        Scale(deployment, fresh.Set, Wanted(newest), next);
        for (var i = 0; i < old.Count; i++) Scale(deployment, old[i].Set, Wanted(old[i].Document), rest[i]);
    }

    private void Recreate(StoredObject deployment, JsonObject document, (StoredObject Set, JsonObject Document) fresh, List<(StoredObject Set, JsonObject Document)> old)
    {
        foreach (var (set, content) in old) Scale(deployment, set, Wanted(content), 0);
        var left = old.Sum(set => Store.Dependents(set.Set.Uid).Count(one => one.Kind == _pods));
        if (left == 0) Scale(deployment, fresh.Set, Wanted(Store.Get(_sets, fresh.Set.Namespace, fresh.Set.Name).Copy()), document.Number("spec", "replicas") ?? 1);
    }

    private void ScalePaused(StoredObject deployment, JsonObject document, (StoredObject Set, JsonObject Document) fresh, List<(StoredObject Set, JsonObject Document)> old)
    {
        var sets = fresh.Set is null ? old : [.. old, fresh];
        var running = sets.Where(set => Wanted(set.Document) > 0).ToList();
        // In the middle of a roll-out the shares stay as they are.
        if (running.Count == 1) Scale(deployment, running[0].Set, Wanted(running[0].Document), document.Number("spec", "replicas") ?? 1);
    }

    private void Scale(StoredObject deployment, StoredObject set, long before, long after)
    {
        if (before == after) return;
        _writer.Main(set, found => found.Child("spec")["replicas"] = after);
        _events.Record(deployment, "ScalingReplicaSet", $"Scaled {(after > before ? "up" : "down")} replica set {set.Name} from {before} to {after}");
    }

    private void WriteStatus(StoredObject deployment, JsonObject document, StoredObject? fresh)
    {
        var sets = Sets(deployment);
        var newest = sets.Find(set => set.Set.Uid == fresh?.Uid).Document;
        long Sum(string field) => sets.Sum(set => set.Document.Number("status", field) ?? 0);
        var wanted = document.Number("spec", "replicas") ?? 1;
        var (total, available, updated) = (Sum("replicas"), Sum("availableReplicas"), newest.Number("status", "replicas") ?? 0);
        var (_, missing) = RollingUpdate.Limits(document.ObjectAt("spec", "strategy"), wanted);
        var done = updated == wanted && total == wanted && available == wanted;
        _writer.Status(deployment, status =>
        {
            status["observedGeneration"] = document.Number("metadata", "generation") ?? 1;
            StatusWriter.Count(status, "replicas", total);
            StatusWriter.Count(status, "updatedReplicas", updated);
            StatusWriter.Count(status, "readyReplicas", Sum("readyReplicas"));
            StatusWriter.Count(status, "availableReplicas", available);
            StatusWriter.Count(status, "unavailableReplicas", Math.Max(0, Math.Max(total, wanted) - available));
            var enough = available >= wanted - missing;
            _writer.Condition(status, "Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.");
            _writer.Condition(status, "Progressing", true, done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                $"ReplicaSet \"{fresh?.Name}\" {(done ? "has successfully progressed." : "is progressing.")}");
        });
    }

    private void Forget(JsonObject document, List<(StoredObject Set, JsonObject Document)> old)
    {
        var limit = document.Number("spec", "revisionHistoryLimit") ?? 10;
        var idle = old.Where(set => Wanted(set.Document) == 0 && (set.Document.Number("status", "replicas") ?? 0) == 0).ToList();
        foreach (var (set, _) in idle.Take((int)Math.Max(0, idle.Count - limit))) Store.Delete(_sets, set.Namespace, set.Name);
    }

    private static RollingUpdate.Set Read(JsonObject set) => new(Wanted(set), set.Number("status", "availableReplicas") ?? 0);

    private static long Wanted(JsonObject set) => set.Number("spec", "replicas") ?? 0;
}
