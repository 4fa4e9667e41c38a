using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Unhonoured;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Objects of kinds that nothing here honours → what their status says.</summary>
internal sealed class UnhonouredStage(MeshGraph graph)
{
    private readonly Dictionary<(string Kind, ObjectName Name), UnhonouredNode> _nodes = [];

    public void Set(UnhonouredObject value)
    {
        var (kind, name) = (UnhonouredConditions.KindOf(value), ObjectName.Of(value));
        if (!_nodes.TryGetValue((kind.Kind, name), out var node))
        {
            _nodes[(kind.Kind, name)] = node = new(name, graph.NamespaceOf(name.Namespace)) { Kind = kind };
            node.Namespace.Traffic.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(UnhonouredObject value)
    {
        if (!_nodes.TryGetValue((UnhonouredConditions.KindOf(value).Kind, ObjectName.Of(value)), out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    public void Rebuild()
    {
        foreach (var node in Rebuilds.Take(graph.Queue.Unhonoured)) Rebuild(node);
    }

    private void Rebuild(UnhonouredNode node)
    {
        var findings = new Findings(node.Kind.Kind, node.Name);
        if (node.Object is { } value && node.Namespace.IsIncluded && graph.Settings.IsOurs(value)) Say(node, value, findings);
        else graph.Log.Forget(node.Kind, node.Name, FieldManagers.Unhonoured);
        graph.Log.Report(node, findings);
        if (node.Object is not null) return;
        _nodes.Remove((node.Kind.Kind, node.Name));
        node.Namespace.Traffic.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }

    private void Say(UnhonouredNode node, UnhonouredObject value, Findings findings)
    {
        var refusing = value is RequestAuthentication
            ? node.Namespace.Policies.Where(static policy => policy.RefusesForTokens).Select(static policy => policy.Name.Name).Order(StringComparer.Ordinal).ToList()
            : [];
        var condition = UnhonouredConditions.Of(value, refusing);
        findings.Add("spec", condition.Message ?? "", "Do not rely on it.");
        graph.Log.Set(new(node.Kind, node.Name, FieldManagers.Unhonoured, value.Metadata.Generation, [condition]), value.Status?.Conditions, PolicyConditions.WaypointTypes);
    }
}
