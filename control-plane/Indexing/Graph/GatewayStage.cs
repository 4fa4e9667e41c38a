using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Gateways → waypoints, and gateways to other networks.</summary>
internal sealed class GatewayStage(MeshGraph graph, NetworkGateways networks)
{
    private bool AllowsWaypoints => graph.Settings.Options.AllowWaypointsOnly;

    public void Set(Gateway value)
    {
        var name = ObjectName.Of(value);
        if (!graph.Gateways.TryGetValue(name, out var node))
        {
            graph.Gateways[name] = node = new(name, graph.NamespaceOf(name.Namespace));
            node.Namespace.Gateways.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name)
    {
        if (!graph.Gateways.TryGetValue(name, out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    public void Set(string className, GatewayClass? value)
    {
        if (value is null) graph.GatewayClasses.Remove(className);
        else graph.GatewayClasses[className] = value;
        foreach (var gateway in graph.Gateways.Values)
            if (gateway.Object?.Spec?.GatewayClassName == className) graph.Queue.Add(gateway);
        graph.QueuePolicies(new(TargetKind.GatewayClass, new("", className)));
    }

    /// <summary>A pod that runs it came, went, or changed its account.</summary>
    public void OnInstance(ObjectName gateway)
    {
        if (graph.Gateways.TryGetValue(gateway, out var node)) graph.Queue.Add(node);
    }

    public void Rebuild()
    {
        foreach (var node in Rebuilds.Take(graph.Queue.Gateways)) Rebuild(node);
        networks.Rebuild();
    }

    private void Rebuild(GatewayNode node)
    {
        var findings = new Findings("Gateway", node.Name);
        var (before, seen) = (node.Waypoint, node.Object is not null && node.Namespace.IsIncluded);
        node.Waypoint = seen
            ? WaypointBuilder.Build(node.Object!, ClassOf(node.Object!), AccountsOf(node), graph.Settings.Network, findings)
            : null;
        graph.Log.Report(node, findings);
        networks.Replace(node, seen ? node.Object : null);
        PublishPolicy(node.Name, before, node.Waypoint);

        if (!Equals(before, node.Waypoint) || node.WasThere != seen) graph.QueueReferrers(node.Name);
        node.WasThere = seen;
        SetKind(node, seen && ClassOf(node.Object!)?.Spec is { } spec && WaypointControllers.RunsWaypoints(spec.ControllerName));
        Classify(node, seen ? node.Object!.Spec?.GatewayClassName ?? "" : "");
        if (node.Object is not null) return;
        graph.Gateways.Remove(node.Name);
        node.Namespace.Gateways.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }

    private void SetKind(GatewayNode node, bool isWaypoint)
    {
        if (node.IsWaypoint == isWaypoint) return;
        node.IsWaypoint = isWaypoint;
        graph.QueueRoutes(new(TargetKind.Gateway, node.Name));
    }

    private void Classify(GatewayNode node, string className)
    {
        if (node.ClassName == className) return;
        foreach (var changed in (string[])[node.ClassName, className]) graph.QueuePolicies(new(TargetKind.GatewayClass, new("", changed)));
        node.ClassName = className;
    }

    private GatewayClass? ClassOf(Gateway gateway) => graph.GatewayClasses.GetValueOrDefault(gateway.Spec?.GatewayClassName ?? "");

    private IEnumerable<string> AccountsOf(GatewayNode node)
    {
        var instances = LabelQuery.Of(new Dictionary<string, string> { [MeshLabels.GatewayName] = node.Name.Name })!;
        return node.Namespace.WorkloadsByLabel.Matching(instances).OfType<PodNode>()
            .Select(static pod => pod.Pod?.Spec?.ServiceAccountName).OfType<string>();
    }

    private void PublishPolicy(ObjectName name, Waypoint? before, Waypoint? after)
    {
        if (!AllowsWaypoints) return;
        if (before is not null && after is null) graph.Log.Set(WaypointPolicies.KeyOf(before), (Model.Policies.AuthorizationPolicy?)null);
        if (after is not null) graph.Log.Set(WaypointPolicies.KeyOf(after), WaypointPolicies.Allow(after, graph.Settings.Config.TrustDomain));
    }
}
