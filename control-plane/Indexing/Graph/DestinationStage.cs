using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.ControlPlane.Indexing.Policies;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>DestinationRules → destination policies of services, and what their status says.</summary>
internal sealed class DestinationStage(MeshGraph graph, WorkloadStage workloads)
{
    private readonly Dictionary<ObjectName, DestinationNode> _rules = [];
    private readonly Dictionary<(string Namespace, string Host), DestinationGroup> _groups = [];
    private readonly Dictionary<string, SortedSet<string>> _wildcards = []; // by namespace, the longest first

    private static readonly IComparer<string> LongestFirst = Comparer<string>.Create(static (left, right) =>
        left.Length != right.Length ? right.Length.CompareTo(left.Length) : string.CompareOrdinal(left, right));

    public void Set(DestinationRule value)
    {
        var name = ObjectName.Of(value);
        if (!_rules.TryGetValue(name, out var node))
        {
            _rules[name] = node = new(name, graph.NamespaceOf(name.Namespace));
            node.Namespace.Traffic.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name)
    {
        if (!_rules.TryGetValue(name, out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    /// <summary>First what each says, then which is in force for which service, then what that means.</summary>
    /// <param name="changed">Services that came, went, or changed their waypoint.</param>
    public void Rebuild(IReadOnlyCollection<ServiceKey> changed, bool rootMoved)
    {
        var queued = Rebuilds.Take(graph.Queue.Destinations);
        var (touched, services) = (new HashSet<DestinationNode>(queued), new HashSet<ServiceKey>(changed));
        if (rootMoved) services.UnionWith(graph.Directory.Matching("*").Select(static service => service.Key));
        foreach (var node in queued) Read(node, touched, services);
        foreach (var service in services) Choose(service, touched);
        foreach (var node in touched) Build(node);
        foreach (var node in queued) Finish(node);
    }

    private void Read(DestinationNode node, HashSet<DestinationNode> touched, HashSet<ServiceKey> services)
    {
        var value = node.Object is { } given && node.Namespace.IsIncluded && graph.Settings.IsOurs(given) ? given : null;
        if (ReferenceEquals(node.Read, value)) return;
        node.Read = value;
        var findings = new Findings("DestinationRule", node.Name);
        Leave(node, touched, services);
        node.Facts = value is null ? null : DestinationReader.Read(value, graph.Settings.Options, findings);
        Join(node, touched, services);
        graph.Log.Report(node, findings);
    }

    private void Leave(DestinationNode node, HashSet<DestinationNode> touched, HashSet<ServiceKey> services)
    {
        if (node.Group is not { } group) return;
        Touch(group, touched, services);
        group.Rules.Remove(node);
        node.Group = null;
        if (group.Rules.Count > 0) return;
        _groups.Remove((group.Namespace, group.Host));
        if (HostPattern.IsWildcard(group.Host)) _wildcards[group.Namespace].Remove(group.Host);
    }

    private void Join(DestinationNode node, HashSet<DestinationNode> touched, HashSet<ServiceKey> services)
    {
        if (node.Facts is not { Host.Length: > 0 } facts) return;
        var key = (node.Name.Namespace, facts.Host);
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups[key] = group = new(key.Namespace, key.Host);
            if (HostPattern.IsWildcard(key.Host)) Wildcards(key.Namespace).Add(key.Host);
        }
        group.Rules.Add(node);
        group.Rules.Sort(static (left, right) => DestinationFacts.Compare(left.Facts!, right.Facts!));
        node.Group = group;
        Touch(group, touched, services);
    }

    private SortedSet<string> Wildcards(string ns)
    {
        if (!_wildcards.TryGetValue(ns, out var hosts)) _wildcards[ns] = hosts = new(LongestFirst);
        return hosts;
    }

    private void Touch(DestinationGroup group, HashSet<DestinationNode> touched, HashSet<ServiceKey> services)
    {
        touched.UnionWith(group.Rules);
        services.UnionWith(group.Services);
        services.UnionWith(graph.Directory.Matching(group.Host).Select(static service => service.Key));
    }

    private void Choose(ServiceKey service, HashSet<DestinationNode> touched)
    {
        var next = graph.Directory.Find(service) is { } node ? GroupFor(service, node) : null;
        if (graph.DestinationOf.Remove(service, out var before) && before != next && before.Services.Remove(service)) touched.UnionWith(before.Rules);
        if (next is null) return;
        graph.DestinationOf[service] = next;
        // Also where it was before: the service's waypoint, which the status names, may be another now.
        next.Services.Add(service);
        touched.UnionWith(next.Rules);
    }

    /// <summary>Of the waypoints' namespaces, then the service's, then the root namespace; an exact host before a wildcard.</summary>
    private DestinationGroup? GroupFor(ServiceKey service, ServiceNode node)
    {
        foreach (var ns in node.Waypoint.All.Select(static waypoint => waypoint.Name.Namespace).Append(service.Namespace).Append(graph.Settings.RootNamespace).Distinct())
        {
            if (Seen(_groups.GetValueOrDefault((ns, service.Hostname))) is { } exact) return exact;
            foreach (var host in _wildcards.GetValueOrDefault(ns, []))
                if (HostPattern.Covers(host, service.Hostname) && Seen(_groups[(ns, host)]) is { } wide) return wide;
        }
        return null;

        DestinationGroup? Seen(DestinationGroup? group) => group?.Speaker.Facts!.Export is { } export
            && (export.IsSeenIn(service.Namespace) || node.Waypoint.All.Any(waypoint => export.IsSeenIn(waypoint.Name.Namespace))) ? group : null;
    }

    private void Build(DestinationNode node)
    {
        var speaks = node.Group is { Services.Count: > 0 } group && group.Speaker == node;
        graph.Log.Set(node.ResourceName, speaks ? new TrafficResource(node.ResourceName, PolicyOf(node.Group!)) : null);
        SetCondition(node);
    }

    private DestinationPolicy PolicyOf(DestinationGroup group)
    {
        var services = group.Services.OrderBy(static service => service.ToString(), StringComparer.Ordinal).ToEquatableArray();
        var decides = group.Rules.Find(static rule => rule.Facts!.Policy is not null)?.Facts;
        var subsets = group.Rules.SelectMany(static rule => rule.Facts!.Subsets).DistinctBy(static subset => subset.Name).ToList();
        var endpoints = subsets.Count == 0 ? [] : services.SelectMany(EndpointsOf).DistinctBy(static one => one.Workload.Uid)
            .OrderBy(static one => one.Workload.Uid, StringComparer.Ordinal).ToList();
        return new()
        {
            Namespace = group.Namespace,
            Name = group.Speaker.Name.Name,
            Services = services,
            Policy = decides?.Policy ?? TrafficPolicy.Default,
            Ports = decides?.Ports ?? default,
            Subsets = subsets.Select(subset => new Subset(subset.Name,
                endpoints.Where(one => subset.Labels?.Matches(one.Labels) != false).Select(static one => one.Workload.Uid).ToEquatableArray(), subset.Policy, subset.Ports)).ToEquatableArray(),
        };
    }

    private IEnumerable<(Workload Workload, IReadOnlyDictionary<string, string>? Labels)> EndpointsOf(ServiceKey service) =>
        workloads.CandidatesFor(graph.Directory.Find(service)!).Where(one => one.Workload.MembershipIn(service) is not null);

    private void SetCondition(DestinationNode node)
    {
        if (node.Facts is not { } facts)
        {
            graph.Log.Forget(ResourceTypes.DestinationRule, node.Name, FieldManagers.WaypointTraffic);
            return;
        }
        var generation = node.Read!.Metadata.Generation;
        var condition = TrafficConditions.Of(new(RefusalOf(node, facts), WaypointsOf(node), ProblemsOf(node, facts)), generation);
        graph.Log.Set(new(ResourceTypes.DestinationRule, node.Name, FieldManagers.WaypointTraffic, generation, [condition]), node.Read.Status?.Conditions, PolicyConditions.WaypointTypes);
    }

    private static (string, string)? RefusalOf(DestinationNode node, DestinationFacts facts)
    {
        if (node.Group is not { } group) return ("Invalid", "It has no effect.");
        if (group.Services.Count == 0) return ("TargetNotFound", $"No service {facts.Host} is visible to it, or another rule goes before.");
        return group.Speaker == node ? null : ("Conflicted", $"{group.Speaker.Name} is older and for the same host: of this one, subsets count that others do not have.");
    }

    // Gateway API goes before, as it does with routes.
    private EquatableArray<string> ProblemsOf(DestinationNode node, DestinationFacts facts) => !facts.SpeaksOfTls || node.Group is not { } group ? facts.Problems : facts.Problems.Concat(
        group.Services.Where(service => graph.BackendTlsByTarget[graph.Directory.Find(service)!.Key].Count > 0).Select(static service => service.Hostname).Order(StringComparer.Ordinal)
            .Select(static host => $"{host} has a BackendTLSPolicy, which goes before what is said here of tls.")).ToEquatableArray();

    private EquatableArray<string> WaypointsOf(DestinationNode node) => node.Group is not { } group ? default : group.Services
        .SelectMany(service => graph.Directory.Find(service)!.Waypoint.All).Select(static waypoint => waypoint.Name.ToString()).Distinct().Order(StringComparer.Ordinal).ToEquatableArray();

    private void Finish(DestinationNode node)
    {
        if (node.Object is not null) return;
        _rules.Remove(node.Name);
        node.Namespace.Traffic.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }
}
