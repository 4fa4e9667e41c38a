using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Serving;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Gives pods to nodes in turn: nodes that are ready, take pods, and have the labels that the pod asks for.</summary>
internal sealed class Scheduler(ObjectStore store) : Controller(store)
{
    private readonly ResourceKind _pods = store.Kinds.Get("", "Pod"), _nodes = store.Kinds.Get("", "Node");
    private readonly EventRecorder _events = new(store, "default-scheduler");
    private readonly HashSet<ObjectKey> _waiting = [];
    private int _turn;

    protected override IEnumerable<ResourceKind> Watched => [_pods, _nodes];

    // A node's change matters to the pods that wait for one.
    protected override IEnumerable<ObjectKey> Affected(StoredObject written) => [new(written.Namespace, written.Name)];

    protected override TimeSpan? Reconcile(ObjectKey key)
    {
        if (key.Namespace.Length == 0)
        {
            foreach (var waiting in _waiting) Queue(waiting);
            _waiting.Clear();
            return null;
        }
        if (Store.Find(_pods, key.Namespace, key.Name) is not { IsEnding: false } pod) return null;
        var document = pod.Copy();
        if (document.Text("spec", "nodeName") is { Length: > 0 } || document.Text("spec", "schedulerName") is not (null or "default-scheduler")
            || document.At("spec", "schedulingGates") is JsonArray { Count: > 0 }) return null;
        var fitting = Nodes(document);
        if (fitting.Count == 0) Wait(key, pod);
        else Place(pod, fitting[_turn++ % fitting.Count]);
        return null;
    }

    private List<string> Nodes(JsonObject pod)
    {
        var wanted = LabelSelector.OfPairs(pod.ObjectAt("spec", "nodeSelector"));
        return [.. Store.List(_nodes).Items.Where(node => !node.IsEnding && wanted.Matches(node.Labels) && TakesPods(node.Copy())).Select(node => node.Name)];
    }

    private static bool TakesPods(JsonObject node) => !node.Flag("spec", "unschedulable")
        && node.ObjectsAt("status", "conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    private void Place(StoredObject pod, string node)
    {
        PodActions.Bind(Store, pod.Namespace, pod.Name, new JsonObject { ["target"] = new JsonObject { ["name"] = node } });
        _events.Record(pod, "Scheduled", $"Successfully assigned {pod.Namespace}/{pod.Name} to {node}");
    }

    private void Wait(ObjectKey key, StoredObject pod)
    {
        _waiting.Add(key);
        var nodes = Store.List(_nodes).Items.Count;
        Store.Update(_pods, pod.Namespace, pod.Name, found =>
        {
            PodActions.SetCondition(found, "PodScheduled", "False", Store.Time.GetUtcNow(), "Unschedulable", $"0/{nodes} nodes are available.");
            return found;
        }, new() { Owner = "kube-scheduler", Subresource = "status" });
    }
}
