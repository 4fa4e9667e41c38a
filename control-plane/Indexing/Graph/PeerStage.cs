using Ambient.ControlPlane.Indexing.Policies;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>PeerAuthentications → policies that refuse callers without identity, and who refers to them.</summary>
internal sealed class PeerStage(MeshGraph graph)
{
    private readonly Dictionary<ObjectName, PeerNode> _peers = [];
    private int _inForce;
    private string _root = graph.Settings.RootNamespace;

    public void Set(PeerAuthentication value)
    {
        var name = ObjectName.Of(value);
        if (!_peers.TryGetValue(name, out var node))
        {
            _peers[name] = node = new(name, graph.NamespaceOf(name.Namespace));
            node.Namespace.Peers.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name)
    {
        if (!_peers.TryGetValue(name, out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    /// <summary>What a workload refers to.</summary>
    public string? ReferenceFor(WorkloadNode workload)
    {
        PeerNode? oldest = null;
        foreach (var peer in workload.Namespace.PeerSelectors.Selecting(workload.Labels))
            if (oldest is null || PeerFacts.Compare(peer.Facts!, oldest.Facts!) < 0) oldest = peer;
        return oldest is not null ? oldest.Reference : workload.Namespace.IsStrict ? StaticKey : null;
    }

    public void Rebuild()
    {
        var queued = Rebuilds.Take(graph.Queue.Peers);
        var rootMoved = _root != graph.Settings.RootNamespace;
        if (queued.Length == 0 && !rootMoved) return;

        var touched = new HashSet<NamespaceNode>();
        foreach (var node in queued)
        {
            Read(node);
            touched.Add(node.Namespace);
        }
        PublishStatic(rootMoved);
        UpdateMesh(touched, rootMoved);
        foreach (var ns in touched) UpdateNamespace(ns);
        foreach (var node in queued)
            if (node.Object is null) Drop(node);
    }

    private string StaticKey => PeerAuthenticationBuilder.StaticStrictKey(graph.Settings.RootNamespace);

    private void Read(PeerNode node)
    {
        var findings = new Findings("PeerAuthentication", node.Name);
        var before = node.Facts;
        var seen = node.Object is { } value && node.Namespace.IsIncluded && graph.Settings.IsOurs(value);
        node.Facts = seen ? PeerAuthenticationBuilder.Read(node.Object!, graph.Settings.RootNamespace, findings) : null;
        graph.Log.Report(node, findings);
        SetCondition(node, findings);
        _inForce += (node.Facts is null ? 0 : 1) - (before is null ? 0 : 1);
        if (Equals(before, node.Facts)) return;

        graph.QueuePoliciesOf(node.Namespace, before?.Selector);
        graph.QueuePoliciesOf(node.Namespace, node.Facts?.Selector);
    }

    private void SetCondition(PeerNode node, Findings findings)
    {
        if (node.Facts is null)
        {
            graph.Log.Forget(ResourceTypes.PeerAuthentication, node.Name, FieldManagers.ZtunnelPolicy);
            return;
        }
        var (generation, actual) = (node.Object!.Metadata.Generation, node.Object.Status?.Conditions);
        var condition = PolicyConditions.ForPeers(node.Facts, findings.Found, generation);
        graph.Log.Set(new(ResourceTypes.PeerAuthentication, node.Name, FieldManagers.ZtunnelPolicy, generation, condition is null ? [] : [condition]),
            actual, PolicyConditions.ZtunnelTypes);
    }

    private void PublishStatic(bool rootMoved)
    {
        if (rootMoved) graph.Log.Set(PeerAuthenticationBuilder.StaticStrictKey(_root), (Model.Policies.AuthorizationPolicy?)null);
        _root = graph.Settings.RootNamespace;
        graph.Log.Set(StaticKey, _inForce > 0 ? PeerAuthenticationBuilder.StaticStrict(_root) : null);
    }

    private void UpdateMesh(HashSet<NamespaceNode> touched, bool rootMoved)
    {
        var isStrict = graph.Namespaces.TryGetValue(_root, out var root) && OldestFor(root) is { Mode: PeerMode.Strict };
        if (isStrict == graph.IsStrict && !rootMoved) return;
        graph.IsStrict = isStrict;
        touched.UnionWith(graph.Namespaces.Values);
    }

    private static PeerFacts? OldestFor(NamespaceNode ns) =>
        ns.Peers.Select(static peer => peer.Facts).OfType<PeerFacts>().Where(static facts => facts.Selector is null)
            .Order(Comparer<PeerFacts>.Create(PeerFacts.Compare)).FirstOrDefault();

    private void UpdateNamespace(NamespaceNode ns)
    {
        var mode = OldestFor(ns)?.Mode ?? PeerMode.Unset;
        var isStrict = mode == PeerMode.Unset ? graph.IsStrict : mode == PeerMode.Strict;
        if (isStrict != ns.IsStrict)
        {
            ns.IsStrict = isStrict;
            foreach (var workload in ns.Workloads) graph.QueuePoliciesOf(workload);
        }
        foreach (var peer in ns.Peers) Convert(peer);
    }

    private void Convert(PeerNode node)
    {
        var ns = node.Namespace;
        // With a selector in the root namespace it would be no level of anything.
        var selects = node.Facts is { Selector: not null } && ns.Name != _root;
        var converted = selects ? PeerAuthenticationBuilder.Converted(node.Facts!, ns.IsStrict) : null;
        var key = $"{ns.Name}/{PeerAuthenticationBuilder.ConvertedName(node.Name.Name)}";
        graph.Log.Set(key, converted);

        // Whoever made this differ (the object, its namespace, the mesh) has queued the workloads that refer to it.
        node.Reference = converted is not null ? key
            : selects && PeerAuthenticationBuilder.IsStrict(node.Facts!, ns.IsStrict) ? StaticKey : null;
        ns.PeerSelectors.Set(node, selects ? node.Facts!.Selector : null);
    }

    private void Drop(PeerNode node)
    {
        _peers.Remove(node.Name);
        node.Namespace.Peers.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }
}
