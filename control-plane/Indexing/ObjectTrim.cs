using Ambient.ControlPlane.Indexing.Selection;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing;

/// <summary>Drops from the many objects of a cluster what the mesh does not read, before they are kept.</summary>
/// <remarks>
/// Not thread-safe: one for each informer. Kept of a pod: names, uid, version, labels, the annotations and conditions that the
/// mesh knows, its owner, node, account, IPs and named TCP ports.
/// </remarks>
public sealed class ObjectTrim
{
    private readonly ContentCache<string> _texts = new();
    private readonly ContentCache<EquatableArray<string>> _keyLists = new(10);
    private readonly ContentCache<EquatableArray<OwnerReference>> _owners = new();
    private readonly ContentCache<Ports> _ports = new();
    private readonly Dictionary<(string?, string?), Dictionary<string, string>> _annotations = [];

    public Pod Trim(Pod pod)
    {
        var (meta, spec, status) = (pod.Metadata, pod.Spec, pod.Status);
        return new()
        {
            Metadata = Trim(meta) with
            {
                Annotations = AnnotationsOf(meta),
                OwnerReferences = OwnersOf(meta),
            },
            Spec = spec is null ? null : new()
            {
                NodeName = Share(spec.NodeName),
                ServiceAccountName = Share(spec.ServiceAccountName),
                HostNetwork = spec.HostNetwork,
                Containers = Trim(spec.Containers),
                InitContainers = Trim(spec.InitContainers?.Where(static container => container?.RestartPolicy == "Always")),
            },
            Status = status is null ? null : new()
            {
                Phase = Share(status.Phase),
                PodIP = status.PodIPs is { Count: > 0 } ? null : status.PodIP,
                PodIPs = status.PodIPs,
                Conditions = Trim(status.Conditions),
            },
        };
    }

    public EndpointSlice Trim(EndpointSlice slice) => slice with
    {
        ApiVersion = null,
        Kind = null,
        Metadata = Trim(slice.Metadata) with { Annotations = null, OwnerReferences = null },
        Endpoints = slice.Endpoints?.Select(Trim).ToArray(),
    };

    // Only the time would differ between a hundred thousand of them.
    private static readonly Condition Ready = new() { Type = "Ready", Status = "True" };
    private static readonly Condition[] OnlyReady = [Ready], None = [];

    private static Condition[] Trim(IReadOnlyList<Condition>? conditions) =>
        (conditions ?? []).Any(static condition => condition is { Type: "Ready", Status: "True" }) ? OnlyReady : None;

    private ObjectMeta Trim(ObjectMeta meta) => meta with
    {
        Namespace = Share(meta.Namespace),
        GenerateName = Share(meta.GenerateName),
        Labels = CompactLabels.Of(meta.Labels, _texts, _keyLists),
    };

    private IReadOnlyList<OwnerReference>? OwnersOf(ObjectMeta meta)
    {
        var owner = meta.OwnerReferences?.FirstOrDefault(static owner => owner?.Controller == true);
        if (owner is null) return null;
        return _owners.Share([new() { Kind = _texts.Share(owner.Kind), Name = _texts.Share(owner.Name), Controller = true }]);
    }

    private Dictionary<string, string>? AnnotationsOf(ObjectMeta meta)
    {
        var key = (Redirection: meta.Annotation(MeshAnnotations.Redirection), Bypass: meta.Annotation(MeshAnnotations.WaypointBypass));
        if (key is (null, null)) return null;
        if (_annotations.TryGetValue(key, out var known)) return known;
        if (_annotations.Count == 16) _annotations.Clear(); // anybody may write anything there
        _annotations[key] = known = new(2);
        if (key.Redirection is not null) known[MeshAnnotations.Redirection] = key.Redirection;
        if (key.Bypass is not null) known[MeshAnnotations.WaypointBypass] = key.Bypass;
        return known;
    }

    private SliceEndpoint Trim(SliceEndpoint endpoint) => endpoint is null ? null! : endpoint with
    {
        NodeName = null,
        // Of a pod, only who it is matters: its addresses are in its own status.
        Addresses = endpoint.TargetRef?.Kind == "Pod" ? null : endpoint.Addresses,
        Conditions = endpoint.TargetRef?.Kind == "Pod" ? null : endpoint.Conditions,
        TargetRef = endpoint.TargetRef is { } target ? target with { Kind = Share(target.Kind), Namespace = Share(target.Namespace) } : null,
    };

    private Container[]? Trim(IEnumerable<Container>? containers)
    {
        var kept = (containers ?? []).Select(container => new Container
        {
            RestartPolicy = Share(container?.RestartPolicy),
            Ports = container?.Ports?.Where(static port => port?.Name is { Length: > 0 } && port.Protocol is null or "" or "TCP")
                .Select(port => port with { Name = Share(port.Name), Protocol = null }).ToArray(),
        }).Where(static container => container.Ports is { Count: > 0 }).ToArray();
        return kept.Length == 0 ? null : _ports.Share(new(kept)).Containers;
    }

    /// <summary>Containers that are equal if their ports are.</summary>
    private sealed class Ports(Container[] containers) : IEquatable<Ports>
    {
        public Container[] Containers => containers;

        public bool Equals(Ports? other) => other is not null && Parts(containers).SequenceEqual(Parts(other.Containers));

        public override bool Equals(object? obj) => Equals(obj as Ports);

        public override int GetHashCode() => Parts(containers).Aggregate(0, static (hash, part) => HashCode.Combine(hash, part));

        private static IEnumerable<(string?, ContainerPort)> Parts(Container[] containers) =>
            containers.SelectMany(static container => container.Ports!.Select(port => (container.RestartPolicy, port)));
    }

    private string? Share(string? text) => text is null ? null : _texts.Share(text);
}
