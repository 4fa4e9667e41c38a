using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Workloads;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Services and ServiceEntries → services of the mesh.</summary>
internal sealed class ServiceStage(MeshGraph graph)
{
    private readonly HostTable _hosts = new();

    public void Set(KubernetesObject value, bool isEntry)
    {
        var node = FindOrAdd(ObjectName.Of(value), isEntry);
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name, bool isEntry)
    {
        if (!graph.Services.TryGetValue((name, isEntry), out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    public ServiceNode FindOrAdd(ObjectName name, bool isEntry)
    {
        if (graph.Services.TryGetValue((name, isEntry), out var node)) return node;
        graph.Services[(name, isEntry)] = node = new(name, isEntry, graph.NamespaceOf(name.Namespace));
        node.Namespace.Services.Add(node);
        return node;
    }

    /// <summary>First who claims what, then who wins, then what that means for members and proxies.</summary>
    public void Rebuild()
    {
        var queued = Rebuilds.Take(graph.Queue.Services);
        var (touched, hosts, keys) = (new HashSet<ServiceNode>(queued), new HashSet<string>(), new HashSet<ServiceKey>());
        foreach (var node in queued) Read(node, hosts, keys);
        foreach (var host in hosts)
            foreach (var claim in _hosts.Decide(host))
            {
                touched.Add((ServiceNode)claim.Owner);
                keys.Add(claim.Key);
            }
        foreach (var node in touched) UpdateMembers(node);
        foreach (var key in keys) Publish(key);
        foreach (var node in queued) Finish(node);
    }

    private void Read(ServiceNode node, HashSet<string> hosts, HashSet<ServiceKey> keys)
    {
        var findings = new Findings(node.IsEntry ? "ServiceEntry" : "Service", node.Name);
        node.Facts = IsSeen(node) ? FactsOf(node, findings) : null;
        var waypoint = node.Facts is null ? WaypointResolution.None
            : graph.Waypoints.ForService(node.Object!.Metadata, node.Namespace.Facts, VisibilityOf(node) == EntryVisibility.Namespace);
        SetWaypoint(node, waypoint, DemandOf(node, waypoint, findings));
        graph.Log.Report(node, findings);

        ObjectName[] references = [.. WaypointResolver.NamedBy(node.Object?.Metadata.Labels, node.Namespace.Name)];
        graph.List(node, node.WaypointReferences, references);
        node.WaypointReferences = references;
        Claim(node, hosts, keys);
    }

    // Its members refer to policies that follow from it.
    private void SetWaypoint(ServiceNode node, WaypointResolution waypoint, WaypointDemand? demand)
    {
        if (!Equals(node.Demand, demand) || (graph.Settings.Options.AllowWaypointsOnly && !node.Waypoint.Equals(waypoint)))
        {
            graph.QueueSelected(node.Namespace, node.Members.Selector);
            QueueSlices(node);
        }
        (node.Waypoint, node.Demand) = (waypoint, demand);
    }

    // What has no address of its own is dialled by those of its pods: no waypoint ever sees it.
    private WaypointDemand? DemandOf(ServiceNode node, WaypointResolution waypoint, Findings findings) =>
        node.Facts is { HasAddress: true } && graph.Settings.Options.AroundWaypoints == AroundWaypoints.Refuse
            ? WaypointDemand.Of(waypoint, node.Object!.Metadata, node.Namespace.Facts, findings)
            : null;

    private void QueueSlices(ServiceNode node)
    {
        if (node.IsEntry) return;
        foreach (var slice in SlicesOf[node.Name]) graph.Queue.Add(slice);
    }

    private bool IsSeen(ServiceNode node) =>
        node.Object is { } value && node.Namespace.IsIncluded && (!node.IsEntry || graph.Settings.IsOurs(value));

    private ServiceFacts? FactsOf(ServiceNode node, Findings findings) => node.Object is Kube.ServiceEntry entry
        ? ServiceEntryReader.Read(entry, graph.Settings, findings)
        : ServiceReader.Read((Kube.Service)node.Object!, graph.Settings, findings);

    // The narrower of what the mesh's configuration and the entry itself say.
    private EntryVisibility VisibilityOf(ServiceNode node)
    {
        if (node.Object is not Kube.ServiceEntry entry) return EntryVisibility.Public;
        var (ruled, own) = (graph.Settings.VisibilityIn(node.Namespace.Facts.Labels), EntryExport.Of(entry).Visibility);
        return own > ruled ? own : ruled;
    }

    private void Claim(ServiceNode node, HashSet<string> hosts, HashSet<ServiceKey> keys)
    {
        foreach (var claim in node.Claims)
        {
            _hosts.Remove(claim);
            hosts.Add(claim.Key.Hostname);
            keys.Add(claim.Key);
        }
        var visibility = VisibilityOf(node);
        node.Claims = node.Facts is null || visibility == EntryVisibility.None
            ? []
            : [.. node.Facts.Hostnames.Select(host => new HostClaim(node.Facts.KeyOf(host), node)
            {
                Source = node.Name,
                IsEntry = node.IsEntry,
                Created = node.Facts.Created,
                IsPublic = visibility == EntryVisibility.Public,
            })];
        foreach (var claim in node.Claims)
        {
            _hosts.Add(claim);
            hosts.Add(claim.Key.Hostname);
            keys.Add(claim.Key);
        }
    }

    private void UpdateMembers(ServiceNode node)
    {
        var won = node.Claims.Where(static claim => claim.Won).Select(static claim => claim.Key.Hostname).ToEquatableArray();
        var next = node.Facts is { } facts && !won.IsEmpty ? new MemberView(facts.Selector, facts.Ports, won) : MemberView.None;
        if (node.IsEntry) QueueInline(node);
        if (next == node.Members) return;

        graph.QueueRoutes(node.Key);
        graph.QueueSelected(node.Namespace, node.Members.Selector);
        graph.QueueSelected(node.Namespace, next.Selector);
        node.Members = next;
        node.ForgetMemberships();
        node.Namespace.ServiceSelectors.Set(node, next.Selector);
        QueueSlices(node);
    }

    /// <summary>Slices by the service whose endpoints they list.</summary>
    public Selection.SetIndex<ObjectName, SliceNode> SlicesOf { get; } = new();

    /// <summary>Endpoints written inside ServiceEntries.</summary>
    public Dictionary<ServiceNode, InlineNode> Inline { get; } = [];

    private void QueueInline(ServiceNode node)
    {
        if (Inline.TryGetValue(node, out var inline)) graph.Queue.Add(inline);
    }

    private void Publish(ServiceKey key)
    {
        if (_hosts.Winner(key) is not { Owner: ServiceNode { Facts: { } facts } owner } claim)
        {
            graph.Log.Set(key, null);
            graph.Directory.Set(key, null);
            return;
        }
        graph.Directory.Set(key, owner);
        var ingress = owner.Object!.Metadata.Label(MeshLabels.IngressUseWaypoint);
        graph.Log.Set(key, ServiceBuilder.Build(
            facts, key.Hostname, owner.Namespace.Facts, owner.Waypoint, ingress, claim.IsCanonical, VisibilityOf(owner)));
    }

    private void Finish(ServiceNode node)
    {
        SetConditions(node);
        graph.QueuePolicies(node.Key);
        if (node.Object is not null) return;
        graph.Services.Remove((node.Name, node.IsEntry));
        node.Namespace.Services.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }

    private void SetConditions(ServiceNode node)
    {
        ResourceKind kind = node.IsEntry ? ResourceTypes.ServiceEntry : ResourceTypes.Service;
        if (!IsSeen(node))
        {
            graph.Log.Forget(kind, node.Name, FieldManagers.Service);
            return;
        }
        var (value, ns) = (node.Object!, node.Namespace.Facts);
        var (ingress, generation) = (value.Metadata.Label(MeshLabels.IngressUseWaypoint), value.Metadata.Generation);
        var conditions = value is Kube.ServiceEntry entry
            ? ServiceConditions.ForEntry(entry, node.Facts!, node.Waypoint, node.Demand is not null, ingress, ns,
                graph.Settings.Config.ServiceEntryVisibility is null ? null : graph.Settings.VisibilityIn(ns.Labels))
            : ServiceConditions.ForService(node.Waypoint, node.Demand is not null, ingress, ns, generation);
        var actual = value is Kube.ServiceEntry written ? written.Status?.Conditions : ((Kube.Service)value).Status?.Conditions;
        graph.Log.Set(new(kind, node.Name, FieldManagers.Service, generation, conditions), actual, ServiceConditions.Types);
    }
}
