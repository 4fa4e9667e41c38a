using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>DaemonSets have one pod on each node that their template selects; a new template replaces them one after another.</summary>
internal sealed class DaemonSetController(ObjectStore store) : Controller(store)
{
    private const string HashLabel = "controller-revision-hash";

    private readonly ResourceKind _sets = store.Kinds.Get("apps", "DaemonSet"), _pods = store.Kinds.Get("", "Pod"), _nodes = store.Kinds.Get("", "Node");
    private readonly StatusWriter _writer = new(store, "daemonset-controller");
    private readonly EventRecorder _events = new(store, "daemonset-controller");

    protected override IEnumerable<ResourceKind> Watched => [_sets, _pods, _nodes];

    protected override IEnumerable<ObjectKey> Affected(StoredObject written) => written.Kind.Kind switch
    {
        "DaemonSet" => [new(written.Namespace, written.Name)],
        "Node" => Store.List(_sets).Items.Select(set => new ObjectKey(set.Namespace, set.Name)),
        _ => written.Copy().ObjectsAt("metadata", "ownerReferences").Where(owner => owner.Text("kind") == "DaemonSet").Select(owner => new ObjectKey(written.Namespace, owner.Text("name")!)),
    };

    protected override TimeSpan? Reconcile(ObjectKey key)
    {
        if (Store.Find(_sets, key.Namespace, key.Name) is not { IsEnding: false } set) return null;
        var document = set.Copy();
        var template = document.ObjectAt("spec", "template")!;
        var hash = PodTemplate.Hash(template);
        var wanted = LabelSelector.OfPairs(template.ObjectAt("spec", "nodeSelector"));
        var nodes = Store.List(_nodes).Items.Where(node => !node.IsEnding && wanted.Matches(node.Labels)).Select(node => node.Name).ToHashSet();
        var pods = Pods(set);
        foreach (var (pod, found) in pods.Where(pod => !pod.Pod.IsEnding && (!PodTemplate.IsActive(pod.Document) || !nodes.Contains(NodeOf(pod.Document))))) Delete(set, pod);
        foreach (var node in nodes.Where(node => !pods.Any(pod => NodeOf(pod.Document) == node))) Create(set, template, node, hash);
        Replace(set, document, [.. Pods(set).Where(pod => !pod.Pod.IsEnding)], hash);
        WriteStatus(set, document, nodes.Count, [.. Pods(set).Where(pod => !pod.Pod.IsEnding)], hash);
        return null;
    }

    private List<(StoredObject Pod, JsonObject Document)> Pods(StoredObject set) => [.. Store.Dependents(set.Uid).Where(one => one.Kind == _pods).Select(pod => (pod, pod.Copy()))];

    private static string NodeOf(JsonObject pod) => pod.Text("spec", "nodeName") ?? "";

    private void Create(StoredObject set, JsonObject template, string node, string hash)
    {
        var pod = PodTemplate.Make(set, template, set.Name, [new(HashLabel, hash), new("pod-template-generation", "1")]);
        pod.Child("spec")["nodeName"] = node;
        _events.Record(set, "SuccessfulCreate", $"Created pod: {_writer.Create(pod).Name}");
    }

    private void Delete(StoredObject set, StoredObject pod)
    {
        Store.Delete(_pods, pod.Namespace, pod.Name, new() { Uid = pod.Uid });
        _events.Record(set, "SuccessfulDelete", $"Deleted pod: {pod.Name}");
    }

    private void Replace(StoredObject set, JsonObject document, List<(StoredObject Pod, JsonObject Document)> pods, string hash)
    {
        if (document.Text("spec", "updateStrategy", "type") == "OnDelete") return;
        var old = pods.Where(pod => pod.Pod.Labels.GetValueOrDefault(HashLabel) != hash).ToList();
        var (_, missing) = RollingUpdate.Limits(document.ObjectAt("spec", "updateStrategy"), pods.Count);
        var mayGo = (int)Math.Max(0, Math.Max(1, missing) - pods.Count(pod => !PodTemplate.IsReady(pod.Document)));
        foreach (var (pod, _) in old.Where(pod => !PodTemplate.IsReady(pod.Document)).Concat(old.Where(pod => PodTemplate.IsReady(pod.Document)).Take(mayGo)).ToList()) Delete(set, pod);
    }

    private void WriteStatus(StoredObject set, JsonObject document, int wanted, List<(StoredObject Pod, JsonObject Document)> pods, string hash) => _writer.Status(set, status =>
    {
        var ready = pods.Count(pod => PodTemplate.IsReady(pod.Document));
        status["desiredNumberScheduled"] = wanted;
        status["currentNumberScheduled"] = pods.Count;
        status["numberMisscheduled"] = 0;
        status["numberReady"] = ready;
        StatusWriter.Count(status, "numberAvailable", ready);
        StatusWriter.Count(status, "numberUnavailable", Math.Max(0, wanted - ready));
        StatusWriter.Count(status, "updatedNumberScheduled", pods.Count(pod => pod.Pod.Labels.GetValueOrDefault(HashLabel) == hash));
        status["observedGeneration"] = document.Number("metadata", "generation") ?? 1;
    });
}
