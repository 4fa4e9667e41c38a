using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.ControlPlane.Indexing.Workloads;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Workloads;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Objects come, change and go; where they are listed follows at once, what becomes of them at the next rebuild.</summary>
internal sealed partial class WorkloadStage
{
    public void Set(Pod pod)
    {
        var name = ObjectName.Of(pod);
        if (!_pods.TryGetValue(name, out var node)) _pods[name] = node = Added(new PodNode(name, graph.NamespaceOf(name.Namespace)));
        ListOnNode(node, pod.Spec?.NodeName);
        OnInstance(node, pod);
        node.Pod = pod;
        List(node, pod.Metadata.Labels);
        Refer(node, pod.Metadata.Labels, pod.Metadata.Label(MeshLabels.GatewayName));
        graph.Queue.Add(node);
    }

    public void RemovePod(ObjectName name)
    {
        if (!_pods.TryGetValue(name, out var node)) return;
        ListOnNode(node, null);
        OnInstance(node, null);
        node.Pod = null;
        Unlist(node);
    }

    public void Set(WorkloadEntry entry)
    {
        var name = ObjectName.Of(entry);
        if (!_entries.TryGetValue(name, out var node)) _entries[name] = node = Added(new EntryNode(name, graph.NamespaceOf(name.Namespace)));
        node.Entry = entry;
        List(node, EntryWorkload.LabelsOf(entry));
        Refer(node, node.Labels, null);
        graph.Queue.Add(node);
    }

    public void RemoveEntry(ObjectName name)
    {
        if (!_entries.TryGetValue(name, out var node)) return;
        node.Entry = null;
        Unlist(node);
    }

    /// <summary>The endpoints of a ServiceEntry; the service itself is another stage's.</summary>
    public void Set(ServiceNode service, Kube.ServiceEntry entry)
    {
        if (!services.Inline.TryGetValue(service, out var node)) services.Inline[service] = node = Added(new InlineNode(service));
        node.Entry = entry;
        List(node, entry.Metadata.Labels);
        ObjectName[] references =
            [.. (entry.Spec?.Endpoints ?? []).SelectMany(endpoint => WaypointResolver.NamedBy(endpoint?.Labels, node.Name.Namespace)).Distinct()];
        graph.List(node, node.WaypointReferences, references);
        node.WaypointReferences = references;
        graph.Queue.Add(node);
    }

    public void RemoveInline(ServiceNode service)
    {
        if (!services.Inline.TryGetValue(service, out var node)) return;
        node.Entry = null;
        Unlist(node);
    }

    public void Set(EndpointSlice slice)
    {
        var name = ObjectName.Of(slice);
        if (!_slices.TryGetValue(name, out var node)) _slices[name] = node = Added(new SliceNode(name, graph.NamespaceOf(name.Namespace)));
        node.Slice = slice;
        ListUnderService(node, slice.AddressType != "FQDN" && slice.Metadata.Label(MeshLabels.ServiceName) is { Length: > 0 } service
            ? new(name.Namespace, service) : null);
        graph.Queue.Add(node);
    }

    public void RemoveSlice(ObjectName name)
    {
        if (!_slices.TryGetValue(name, out var node)) return;
        node.Slice = null;
        ListUnderService(node, null);
        graph.Queue.Add(node);
    }

    /// <param name="node">Null once it is gone.</param>
    public void SetNode(string name, Kube.Node? node)
    {
        var labels = node?.Metadata.Labels;
        var locality = new Locality(Label(labels, MeshLabels.Region), Label(labels, MeshLabels.Zone), Label(labels, MeshLabels.Subzone));
        if (_nodes.GetValueOrDefault(name) == locality) return;
        if (locality.IsEmpty) _nodes.Remove(name);
        else _nodes[name] = locality;
        foreach (var pod in _podsOnNode[name]) graph.Queue.Add(pod);
    }

    private static string Label(IReadOnlyDictionary<string, string>? labels, string key) => labels?.GetValueOrDefault(key) ?? "";

    private T Added<T>(T node) where T : WorkloadNode
    {
        node.Namespace.Workloads.Add(node);
        return node;
    }

    private static void List(WorkloadNode node, IReadOnlyDictionary<string, string>? labels)
    {
        node.Namespace.WorkloadsByLabel.Remove(node, node.Labels);
        node.Labels = labels;
        node.Namespace.WorkloadsByLabel.Add(node, labels);
    }

    private void Refer(WorkloadNode node, IReadOnlyDictionary<string, string>? labels, string? instanceOf)
    {
        var ns = node.Name.Namespace;
        IEnumerable<ObjectName> named = WaypointResolver.NamedBy(labels, ns);
        ObjectName[] references = [.. instanceOf is { Length: > 0 } ? named.Append(new(ns, instanceOf)).Distinct() : named];
        graph.List(node, node.WaypointReferences, references);
        node.WaypointReferences = references;
    }

    private void Unlist(WorkloadNode node)
    {
        List(node, null);
        Refer(node, null, null);
        graph.Queue.Add(node);
    }

    private void ListOnNode(PodNode node, string? next)
    {
        var before = node.Pod?.Spec?.NodeName;
        if (before == next) return;
        if (before is { Length: > 0 }) _podsOnNode.Remove(before, node);
        if (next is { Length: > 0 }) _podsOnNode.Add(next, node);
    }

    private void OnInstance(PodNode node, Pod? next)
    {
        foreach (var gateway in new[] { node.Pod?.Metadata.Label(MeshLabels.GatewayName), next?.Metadata.Label(MeshLabels.GatewayName) })
            if (gateway is { Length: > 0 }) gateways.OnInstance(new(node.Name.Namespace, gateway));
    }

    private void ListUnderService(SliceNode node, ObjectName? service)
    {
        if (node.Service == service) return;
        if (node.Service is { } before) services.SlicesOf.Remove(before, node);
        if (service is { } next) services.SlicesOf.Add(next, node);
        node.Service = service;
    }

    private void Rebuild(SliceNode node)
    {
        ListTargets(node, TargetsOf(node));
        Rebuild((WorkloadNode)node);
    }

    /// <summary>Pods that only a slice makes members: a service with a selector finds its own.</summary>
    private ObjectName[] TargetsOf(SliceNode node) => ServiceOf(node) is { Facts.Selector: null } && node.Namespace.IsIncluded
        ? [.. (node.Slice?.Endpoints ?? []).Where(SliceWorkload.IsPod)
            .Where(endpoint => endpoint.TargetRef!.Namespace is null or "" || endpoint.TargetRef.Namespace == node.Name.Namespace)
            .Select(endpoint => new ObjectName(node.Name.Namespace, endpoint.TargetRef!.Name ?? "")).Distinct()]
        : [];

    private void ListTargets(SliceNode node, ObjectName[] targets)
    {
        foreach (var pod in node.Targets) _slicesWithPod.Remove(pod, node);
        foreach (var pod in targets) _slicesWithPod.Add(pod, node);
        // The slice may say something else about the same pods: another uid, or other ports of the service.
        foreach (var pod in node.Targets.Union(targets))
            if (_pods.TryGetValue(pod, out var found)) graph.Queue.Add(found);
        node.Targets = targets;
    }

    private void Drop(WorkloadNode node)
    {
        switch (node)
        {
            case PodNode: _pods.Remove(node.Name); break;
            case EntryNode: _entries.Remove(node.Name); break;
            case InlineNode inline: services.Inline.Remove(inline.Service); break;
            case SliceNode: _slices.Remove(node.Name); break;
        }
        node.Namespace.Workloads.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }
}
