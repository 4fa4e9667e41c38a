using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.ControlPlane.Indexing.Workloads;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Workloads;
using AuthorizationPolicy = Ambient.Model.Policies.AuthorizationPolicy;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Pods, WorkloadEntries, endpoints of ServiceEntries and of slices → workloads.</summary>
internal sealed partial class WorkloadStage(MeshGraph graph, ServiceStage services, GatewayStage gateways, NetworkGateways networks, PeerStage peers)
{
    private const int MostEndpoints = 10_000;

    private readonly Dictionary<ObjectName, PodNode> _pods = [];
    private readonly Dictionary<ObjectName, EntryNode> _entries = [];
    private readonly Dictionary<ObjectName, SliceNode> _slices = [];
    private readonly SetIndex<string, PodNode> _podsOnNode = new();
    private readonly Dictionary<string, Locality> _nodes = [];
    private readonly SetIndex<ObjectName, SliceNode> _slicesWithPod = new();
    private readonly ContentCache<EquatableArray<ServiceMembership>> _memberships = new();
    private readonly ContentCache<EquatableArray<string>> _policyLists = new();
    private readonly ContentCache<string> _texts = new();
    private readonly WaypointGuards _guards = new(graph.Log);

    /// <summary>How many objects were turned into workloads anew, since the start.</summary>
    public long Rebuilt { get; private set; }

    public void Rebuild()
    {
        // Slices first: they say which pods are members of services without a selector.
        foreach (var slice in Rebuilds.Take(graph.Queue.Slices)) Rebuild(slice);
        foreach (var node in Rebuilds.Take(graph.Queue.Workloads)) Rebuild(node);
        foreach (var node in graph.Queue.Attachments) Attach(node);
        graph.Queue.Attachments.Clear();
    }

    /// <summary>Tells a workload anew which policies it refers to; everything else of it stays as it is.</summary>
    private void Attach(WorkloadNode node)
    {
        if (!node.AwaitsPolicies) return; // it has been rebuilt as a whole
        node.AwaitsPolicies = false;
        if (node.Published.Length == 0 || node is SliceNode) return;
        Rebuilt++;
        var policies = PoliciesFor(node, null, [], []);
        Workload[] next = [.. node.Published.Select(workload => workload.AuthorizationPolicies == policies ? workload : workload with { AuthorizationPolicies = policies })];
        graph.Log.Replace(node.Published, next);
        node.Published = next;
    }

    private void Rebuild(WorkloadNode node)
    {
        Rebuilt++;
        node.AwaitsPolicies = false;
        var findings = new Findings(KindOf(node), node.Name);
        Workload[] next = IsSeen(node) ? [.. Build(node, findings)] : [];
        if (next.Length == 0) _guards.Set(node, []);
        graph.Log.Replace(node.Published, next);
        graph.QueueSubsets(node.Published);
        graph.QueueSubsets(next);
        node.Published = next.Length == 0 ? [] : next;
        graph.Log.Report(node, findings);
        if (node is EntryNode && !IsSeen(node)) graph.Log.Forget(ResourceTypes.WorkloadEntry, node.Name, FieldManagers.WorkloadEntry);
        if (node.IsGone) Drop(node);
    }

    private bool IsSeen(WorkloadNode node) =>
        !node.IsGone && node.Namespace.IsIncluded && (node is not EntryNode { Entry: { } entry } || graph.Settings.IsOurs(entry));

    private static string KindOf(WorkloadNode node) => node switch
    {
        PodNode => "Pod",
        EntryNode => "WorkloadEntry",
        InlineNode => "ServiceEntry",
        _ => "EndpointSlice",
    };

    private IEnumerable<Workload> Build(WorkloadNode node, Findings findings)
    {
        try
        {
            return node switch
            {
                PodNode pod => BuildPod(pod, findings),
                EntryNode entry => BuildEntry(entry, findings),
                InlineNode inline => BuildInline(inline, findings),
                _ => BuildSlice((SliceNode)node, findings),
            };
        }
        // The model refuses what can be no part of an identity or name: such an object stays out, and its neighbours in.
        catch (ArgumentException e)
        {
            findings.Add("metadata", $"{e.Message} It is left out of the mesh.", "Correct the object.");
            return [];
        }
    }

    private IEnumerable<Workload> BuildPod(PodNode node, Findings findings)
    {
        var pod = node.Pod!;
        if (PodWorkload.IsOver(pod)) return [];
        var instanceOf = pod.Metadata.Label(MeshLabels.GatewayName) is { Length: > 0 } gateway
            ? graph.Gateways.GetValueOrDefault(new(node.Name.Namespace, gateway))?.Waypoint : null;
        var resolution = instanceOf is null ? graph.Waypoints.ForWorkload(pod.Metadata.Labels, node.Namespace.Facts) : WaypointResolution.None;
        if (resolution.Problem is { } problem && pod.Metadata.Label(MeshLabels.UseWaypoint) is { Length: > 0 })
            findings.Add($"metadata.labels[{MeshLabels.UseWaypoint}]", $"{problem.Reason}: {problem.Message}.", "See the waypoint: kubectl get gateway.");

        var members = MembersFor(node).ConvertAll(member => (Service: member, Ports: PortMaps.OfPod(member.Facts!, pod)));
        string[] guards = instanceOf is null ? _guards.Set(node, GuardsFor(node, resolution, members, findings)) : _guards.Set(node, []);
        var workload = PodWorkload.Build(pod, new()
        {
            Settings = graph.Settings,
            GatewayTo = networks.To,
            Locality = _nodes.GetValueOrDefault(pod.Spec?.NodeName ?? ""),
            Waypoint = resolution.Waypoint,
            InstanceOf = instanceOf,
            Services = Memberships(members),
            Policies = PoliciesFor(node, instanceOf is null ? resolution.Waypoint : null, instanceOf is null ? members.Select(static member => member.Service) : [], guards),
        }, findings);
        return workload is null ? [] : [Share(workload)];
    }

    /// <summary>Only pods have a node proxy that could keep anybody out.</summary>
    private IEnumerable<AuthorizationPolicy> GuardsFor(
        PodNode node, WaypointResolution resolution, List<(ServiceNode Service, PortMap Ports)> members, Findings findings)
    {
        var refuses = graph.Settings.Options.AroundWaypoints == AroundWaypoints.Refuse;
        var own = refuses ? WaypointDemand.Of(resolution, node.Pod!.Metadata, node.Namespace.Facts, findings) : null;
        var services = members.Where(static member => member.Service.Demand is not null).Select(static member => (member.Service.Demand!, member.Ports)).ToList();
        return WaypointPolicies.Guards(node.Name.Namespace, own, services, graph.Settings.Config.TrustDomain);
    }

    /// <summary>Services whose endpoint the pod is: they select it, or a slice names it.</summary>
    private List<ServiceNode> MembersFor(PodNode node)
    {
        var options = graph.Settings.Options;
        List<ServiceNode> members = [.. node.Namespace.ServiceSelectors.Selecting(node.Labels)
            .Where(service => !service.IsEntry || options.ServiceEntriesSelectPods)];
        foreach (var slice in _slicesWithPod[node.Name])
            if (Names(slice.Slice, node.Pod!) && ServiceOf(slice) is { } service && !members.Contains(service)) members.Add(service);
        return members;
    }

    private static bool Names(EndpointSlice? slice, Pod pod) => (slice?.Endpoints ?? []).Any(endpoint =>
        SliceWorkload.IsPod(endpoint) && endpoint.TargetRef!.Name == pod.Metadata.Name && endpoint.TargetRef.Uid == pod.Metadata.Uid);

    private IEnumerable<Workload> BuildEntry(EntryNode node, Findings findings)
    {
        var options = graph.Settings.Options;
        var resolution = graph.Waypoints.ForWorkload(node.Labels, node.Namespace.Facts);
        SetConditions(node, resolution);
        List<ServiceNode> members = [.. node.Namespace.ServiceSelectors.Selecting(node.Labels)
            .Where(service => service.IsEntry || options.ServicesSelectWorkloadEntries)];
        var workload = EntryWorkload.OfWorkloadEntry(node.Entry!, new()
        {
            Settings = graph.Settings,
            GatewayTo = networks.To,
            Waypoint = resolution.Waypoint,
            Services = Memberships(members.Select(member => (member, PortMaps.OfEntry(member.Facts!, node.Entry!.Spec?.Ports)))),
            Policies = PoliciesFor(node, resolution.Waypoint, members, []),
        }, findings);
        return workload is null ? [] : [Share(workload)];
    }

    private void SetConditions(EntryNode node, WaypointResolution resolution)
    {
        var generation = node.Entry!.Metadata.Generation;
        var bound = ServiceConditions.Bound(resolution, isGuarded: false, null, generation);
        graph.Log.Set(new(ResourceTypes.WorkloadEntry, node.Name, FieldManagers.WorkloadEntry, generation, bound is null ? [] : [bound]),
            node.Entry.Status?.Conditions, ServiceConditions.Types);
    }

    private List<Workload> BuildInline(InlineNode node, Findings findings)
    {
        var (entry, service) = (node.Entry!, node.Service);
        if (service.Facts is not { } facts || service.Members.Hostnames.IsEmpty) return []; // not ours, hidden, or another's host
        var workloads = new Dictionary<string, Workload>();
        node.EndpointLabels.Clear();
        foreach (var (endpoint, field, hosts, labels) in EndpointsOf(entry, facts, service.Members.Hostnames, findings))
        {
            // An endpoint is found by its own labels where a waypoint is concerned; everything else goes by the ServiceEntry's.
            var waypoint = labels is null ? null : graph.Waypoints.ForWorkload(labels, node.Namespace.Facts).Waypoint;
            var workload = EntryWorkload.OfEndpoint(entry, endpoint, new()
            {
                Settings = graph.Settings,
                GatewayTo = networks.To,
                Waypoint = waypoint,
                Services = hosts.Order(StringComparer.Ordinal)
                    .Select(host => service.MembershipOf(host, PortMaps.OfEntry(facts, endpoint.Ports))).ToEquatableArray(),
                Policies = PoliciesFor(node, waypoint, [service], []),
            }, field, findings);
            if (workload is null) continue;
            if (workloads.TryAdd(workload.Uid, workload)) node.EndpointLabels[workload.Uid] = endpoint.Labels;
            else findings.Add(field, $"{Findings.Quote(endpoint.Address)} stands there twice; the first is used.", "Remove one.");
        }
        return [.. workloads.Values];
    }

    private static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>Endpoints as written; of a name that DNS resolves and that has none, the host itself (which has no labels).</summary>
    private static IEnumerable<(WorkloadEntrySpec Endpoint, string Field, IEnumerable<string> Hosts, IReadOnlyDictionary<string, string>? Labels)> EndpointsOf(
        Kube.ServiceEntry entry, ServiceFacts facts, IReadOnlyList<string> won, Findings findings)
    {
        var spec = entry.Spec ?? new();
        if (spec.Endpoints is { Count: > 0 } endpoints)
        {
            if (endpoints.Count > MostEndpoints)
                findings.Add("spec.endpoints", $"{endpoints.Count} endpoints; the first {MostEndpoints} are used.", "Use WorkloadEntries and a selector.");
            foreach (var (index, endpoint) in endpoints.Take(MostEndpoints).Index())
                if (endpoint is not null) yield return (endpoint, $"spec.endpoints[{index}]", won, endpoint.Labels ?? NoLabels);
        }
        else if (spec.WorkloadSelector is null && facts.IsLookedUp)
        {
            foreach (var host in won) yield return (new() { Address = host }, "spec.hosts", [host], null);
        }
    }

    private List<Workload> BuildSlice(SliceNode node, Findings findings)
    {
        if (ServiceOf(node) is not { } service) return [];
        var workloads = new Dictionary<string, Workload>();
        var key = service.Facts!.KeyOf(service.Members.Hostnames[0]);
        var ports = PortMaps.OfSlice(service.Facts, node.Slice!);
        foreach (var endpoint in (node.Slice!.Endpoints ?? []).Take(MostEndpoints))
        {
            if (endpoint is null || SliceWorkload.IsPod(endpoint)) continue;
            var around = new Surroundings { Settings = graph.Settings, GatewayTo = networks.To };
            if (SliceWorkload.Build(node.Slice, endpoint, key, ports, around, findings) is { } workload) workloads.TryAdd(workload.Uid, workload);
        }
        return [.. workloads.Values];
    }

    /// <summary>What may be an endpoint of a service, with the labels by which subsets find it.</summary>
    public IEnumerable<(Workload Workload, IReadOnlyDictionary<string, string>? Labels)> CandidatesFor(ServiceNode service)
    {
        IEnumerable<WorkloadNode> nodes = service.Members.Selector is { } selector ? service.Namespace.WorkloadsByLabel.Matching(selector) : [];
        if (!service.IsEntry)
            nodes = nodes.Concat(services.SlicesOf[service.Name].SelectMany(slice => slice.Targets.Select(_pods.GetValueOrDefault).OfType<WorkloadNode>().Append(slice)));
        foreach (var node in nodes)
            foreach (var workload in node.Published) yield return (workload, node.Labels);
        if (!services.Inline.TryGetValue(service, out var inline)) yield break;
        foreach (var workload in inline.Published) yield return (workload, inline.EndpointLabels.GetValueOrDefault(workload.Uid));
    }

    /// <summary>The Service that a slice belongs to, if there is one.</summary>
    private ServiceNode? ServiceOf(SliceNode node) =>
        node.Service is { } name && graph.Services.TryGetValue((name, false), out var service)
        && service.Facts is not null && !service.Members.Hostnames.IsEmpty ? service : null;

    private EquatableArray<ServiceMembership> Memberships(IEnumerable<(ServiceNode Service, PortMap Ports)> members)
    {
        var found = new List<ServiceMembership>();
        foreach (var (service, ports) in members)
            foreach (var host in service.Members.Hostnames) found.Add(service.MembershipOf(host, ports));
        if (found.Count == 0) return default;
        found.Sort(static (left, right) => string.CompareOrdinal(left.Service.Hostname, right.Service.Hostname));
        return _memberships.Share(found.ToEquatableArray());
    }

    /// <summary>Selecting policies, then the one for callers without identity, then those of its waypoints; each part in order.</summary>
    private EquatableArray<string> PoliciesFor(WorkloadNode node, Waypoint? waypoint, IEnumerable<ServiceNode> members, string[] guards)
    {
        List<string> keys = [.. node.Namespace.PolicySelectors.Selecting(node.Labels).Select(static policy => policy.Key)];
        if (node.Namespace.Name != graph.Settings.RootNamespace && graph.Namespaces.TryGetValue(graph.Settings.RootNamespace, out var root))
            keys.AddRange(root.PolicySelectors.Selecting(node.Labels).Select(static policy => policy.Key));
        keys.Sort(string.CompareOrdinal);
        if (peers.ReferenceFor(node) is { } peer) keys.Add(peer);
        keys.AddRange(guards);
        if (graph.Settings.Options.AllowWaypointsOnly)
            keys.AddRange(members.SelectMany(static member => member.Waypoint.All).Concat(waypoint is null ? [] : [waypoint])
                .Select(WaypointPolicies.KeyOf).Distinct().Order(StringComparer.Ordinal));
        return keys.Count == 0 ? default : _policyLists.Share(keys.ToEquatableArray());
    }

    // A Deployment's hundred pods differ in little: what is equal is one object.
    private Workload Share(Workload workload) => workload with
    {
        Namespace = _texts.Share(workload.Namespace),
        ServiceAccount = _texts.Share(workload.ServiceAccount),
        Node = _texts.Share(workload.Node),
        WorkloadName = _texts.Share(workload.WorkloadName),
        CanonicalName = _texts.Share(workload.CanonicalName),
        CanonicalRevision = _texts.Share(workload.CanonicalRevision),
    };
}
