using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.VirtualServices;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Graph;

// VirtualServices without hosts: their routes stand in others, which are read again with them.
internal sealed partial class VirtualServiceStage
{
    private static readonly (string, string) Unused = ("TargetNotFound", "It has no hosts, and no VirtualService of the mesh that may see it delegates to it.");

    private readonly SetIndex<ObjectName, VirtualServiceNode> _delegators = new(); // by what they delegate to, whether or not it is there
    private readonly HashSet<ObjectName> _untold = []; // of which the status may be another

    /// <summary>Null if it is gone or not ours.</summary>
    private VirtualService? Shown(VirtualServiceNode node) => node.Object is { } given && node.Namespace.IsIncluded && graph.Settings.IsOurs(given) ? given : null;

    private VirtualService? FindDelegate(ObjectName name) => _objects.TryGetValue(name, out var node) ? Shown(node) : null;

    private void QueueDelegators(ObjectName name)
    {
        foreach (var node in _delegators[name])
        {
            node.IsOutdated = true;
            graph.Queue.Add(node);
        }
    }

    private void ListDelegates(VirtualServiceNode node)
    {
        foreach (var name in node.Delegates) _delegators.Remove(name, node);
        _untold.UnionWith(node.Delegates);
        node.Delegates = [.. node.Facts?.Delegates ?? default];
        foreach (var name in node.Delegates) _delegators.Add(name, node);
    }

    /// <summary>Sets the status of delegates: those that delegate to them are built by now.</summary>
    private void TellDelegates()
    {
        foreach (var name in _untold)
            if (_objects.TryGetValue(name, out var node) && node.Facts is { IsDelegate: true } facts) Tell(node, facts);
        _untold.Clear();
    }

    private void Tell(VirtualServiceNode node, VirtualFacts facts)
    {
        var users = _delegators[node.Name].SelectMany(static user => user.Facts!.UsedDelegates.Select(used => (User: user, Used: used))).Where(one => one.Used.Delegate == node.Name)
            .OrderBy(static one => one.User.Name.ToString(), StringComparer.Ordinal).ToList();
        (string, string)? refusal = facts.Rules.IsEmpty ? NoRoutes : users.Count == 0 ? Unused : null;
        var waypoints = users.SelectMany(static one => one.User.Waypoints).Distinct().Order(StringComparer.Ordinal).ToEquatableArray();
        SetCondition(node, new(refusal, waypoints, facts.Problems.Concat(users.SelectMany(static one => one.Used.Problems)).ToEquatableArray()));
    }
}
