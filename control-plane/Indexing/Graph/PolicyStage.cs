using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Policies;
using Ambient.Model.Traffic;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>AuthorizationPolicies → policies of the mesh, and what their status says.</summary>
internal sealed class PolicyStage(MeshGraph graph)
{
    private readonly Dictionary<ObjectName, PolicyNode> _policies = [];

    public void Set(Kube.AuthorizationPolicy value)
    {
        var name = ObjectName.Of(value);
        if (!_policies.TryGetValue(name, out var node))
        {
            _policies[name] = node = new(name, graph.NamespaceOf(name.Namespace));
            node.Namespace.Policies.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name)
    {
        if (!_policies.TryGetValue(name, out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    public void Rebuild()
    {
        foreach (var node in Rebuilds.Take(graph.Queue.Policies)) Rebuild(node);
    }

    private void Rebuild(PolicyNode node)
    {
        var findings = new Findings("AuthorizationPolicy", node.Name);
        var seen = node.Object is { } value && node.Namespace.IsIncluded && graph.Settings.IsOurs(value);
        node.Plan = seen ? PolicyBuilder.Build(node.Object!, graph.Settings, findings) : null;
        graph.Log.Set(node.Key, node.Plan is { Hop: EnforcementHop.Ztunnel } plan ? plan.Policy : null);
        graph.Log.Set(node.ResourceName, RequestPolicyOf(node));
        graph.Log.Report(node, findings);
        Attach(node, node.Plan?.Selector);
        Aim(node, seen ? TargetsOf(node.Object!) : []);
        SetConditions(node);
        TellOfTokens(node, node.Plan?.RefusesForTokens == true);
        if (node.Object is null) Drop(node);
    }

    private void Attach(PolicyNode node, LabelQuery? selector)
    {
        var isRoot = node.Namespace.Name == graph.Settings.RootNamespace;
        if (Equals(selector, node.Selector)) return;
        graph.QueuePoliciesOf(node.Namespace, node.Selector, isRoot);
        graph.QueuePoliciesOf(node.Namespace, selector, isRoot);
        node.Selector = selector;
        node.Namespace.PolicySelectors.Set(node, selector);
    }

    private void Aim(PolicyNode node, TargetKey[] targets)
    {
        foreach (var target in node.Targets) graph.PoliciesByTarget.Remove(target, node);
        foreach (var target in targets) graph.PoliciesByTarget.Add(target, node);
        node.Targets = targets;
    }

    private static TargetKey[] TargetsOf(Kube.AuthorizationPolicy policy) =>
        [.. ReferencesOf(policy).Select(reference => PolicyTargets.KeyOf(reference, policy.Metadata.Namespace ?? "")).OfType<TargetKey>()];

    private static IEnumerable<PolicyTargetReference> ReferencesOf(Kube.AuthorizationPolicy policy) =>
        new[] { policy.Spec?.TargetRef }.Concat(policy.Spec?.TargetRefs ?? []).OfType<PolicyTargetReference>();

    private TrafficResource? RequestPolicyOf(PolicyNode node)
    {
        if (node.Plan is not { Hop: EnforcementHop.Waypoint, Policy: { } policy }) return null;
        var (services, gateways) = new PolicyTargets(graph).Aim(ReferencesOf(node.Object!), node.Namespace.Name);
        return services.IsEmpty && gateways.IsEmpty ? null : new(node.ResourceName, new RequestPolicy(policy, services, gateways, IsForAll: false));
    }

    private void SetConditions(PolicyNode node)
    {
        if (node.Plan is not { } plan)
        {
            graph.Log.Forget(ResourceTypes.AuthorizationPolicy, node.Name, FieldManagers.ZtunnelPolicy);
            graph.Log.Forget(ResourceTypes.AuthorizationPolicy, node.Name, FieldManagers.WaypointPolicy);
            return;
        }
        var generation = node.Object!.Metadata.Generation;
        var isAimed = plan.Hop == EnforcementHop.Waypoint;
        SetCondition(node, FieldManagers.ZtunnelPolicy, PolicyConditions.ZtunnelTypes,
            isAimed ? null : PolicyConditions.ForZtunnel(plan, generation));
        SetCondition(node, FieldManagers.WaypointPolicy, PolicyConditions.WaypointTypes,
            isAimed ? PolicyConditions.ForWaypoint(plan, OutcomesOf(node), generation) : null);
    }

    private List<TargetOutcome> OutcomesOf(PolicyNode node)
    {
        var targets = new PolicyTargets(graph);
        return [.. ReferencesOf(node.Object!).Select(reference => targets.Resolve(reference, node.Namespace.Name))];
    }

    private void SetCondition(PolicyNode node, string manager, string[] types, Condition? condition) => graph.Log.Set(
        new(ResourceTypes.AuthorizationPolicy, node.Name, manager, node.Object!.Metadata.Generation, condition is null ? [] : [condition]),
        node.Object.Status?.Conditions, types);

    private void TellOfTokens(PolicyNode node, bool refuses)
    {
        if (node.RefusesForTokens == refuses) return;
        node.RefusesForTokens = refuses;
        foreach (var one in node.Namespace.Traffic.OfType<UnhonouredNode>()) graph.Queue.Add(one);
    }

    private void Drop(PolicyNode node)
    {
        _policies.Remove(node.Name);
        node.Namespace.Policies.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }
}
