using Ambient.ControlPlane.Indexing.Backends;
using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.ControlPlane.Indexing.Routes;
using Ambient.ControlPlane.Indexing.VirtualServices;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Workloads;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>A route of Gateway API.</summary>
internal sealed class RouteNode(ObjectName name, RouteKind kind, NamespaceNode ns) : Node(name, ns)
{
    public RouteKind Kind => kind;

    public RouteObject? Object { get; set; }

    /// <summary>The version that <see cref="Facts"/> are of; null if it is gone or not ours.</summary>
    public RouteObject? Read { get; set; }

    public RouteFacts? Facts { get; set; }

    public RoutePlan? Plan { get; set; }

    /// <summary>Services that it refers to in any way, as listed.</summary>
    public TargetKey[] Targets { get; set; } = [];

    /// <summary>Services that it is attached to, as listed.</summary>
    public TargetKey[] Parents { get; set; } = [];

    /// <summary>Waypoints that it is for, in order.</summary>
    public ObjectName[] Gateways { get; set; } = [];

    public string ResourceName { get; } = $"{RouteReader.KindText(kind)}/{name}";
}

/// <summary>A DestinationRule.</summary>
internal sealed class DestinationNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public DestinationRule? Object { get; set; }

    /// <summary>The version that <see cref="Facts"/> are of; null if it is gone or not ours.</summary>
    public DestinationRule? Read { get; set; }

    public DestinationFacts? Facts { get; set; }

    /// <summary>Rules of its namespace for the same host, itself among them, the one that speaks for all first; null if it is not heard.</summary>
    public DestinationGroup? Group { get; set; }

    public string ResourceName { get; } = $"DestinationRule/{name}";
}

/// <summary>A VirtualService.</summary>
internal sealed class VirtualServiceNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public VirtualService? Object { get; set; }

    /// <summary>The version that <see cref="Facts"/> are of; null if it is gone or not ours.</summary>
    public VirtualService? Read { get; set; }

    /// <summary>Something to which it delegates is another now.</summary>
    public bool IsOutdated { get; set; }

    /// <summary>Null also if it is not about the mesh.</summary>
    public VirtualFacts? Facts { get; set; }

    /// <summary>To which it delegates, as listed.</summary>
    public ObjectName[] Delegates { get; set; } = [];

    /// <summary>That it is for, in order.</summary>
    public List<KeyValuePair<ServiceKey, ServiceNode>> Services { get; set; } = [];

    /// <summary>Of them those of which it routes requests.</summary>
    public HashSet<ServiceKey> Routed { get; set; } = [];

    /// <summary>Waypoints that honour it, in order.</summary>
    public string[] Waypoints { get; set; } = [];

    /// <summary>Hosts that it names, as listed.</summary>
    public string[] Hosts { get; set; } = [];

    /// <summary>Resources for connections, as published.</summary>
    public string[] Connections { get; set; } = [];

    public string ResourceName { get; } = $"VirtualService/{name}";
}

/// <summary>A Telemetry.</summary>
internal sealed class TelemetryNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public Telemetry? Object { get; set; }

    /// <summary>What its targetRefs point at, as listed.</summary>
    public TargetKey[] Targets { get; set; } = [];

    public string ResourceName { get; } = $"Telemetry/{name}";
}

/// <summary>An object of a kind that nothing here honours.</summary>
internal sealed class UnhonouredNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public UnhonouredObject? Object { get; set; }

    public required ResourceKind Kind { get; init; }
}

/// <summary>A BackendTLSPolicy.</summary>
internal sealed class BackendTlsNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public BackendTlsPolicy? Object { get; set; }

    /// <summary>The version that <see cref="Facts"/> are of; null if it is gone or not ours.</summary>
    public BackendTlsPolicy? Read { get; set; }

    public BackendTlsFacts? Facts { get; set; }

    /// <summary>Services that it is for, as listed.</summary>
    public TargetKey[] Targets { get; set; } = [];

    /// <summary>ConfigMaps that it refers to, as listed.</summary>
    public ObjectName[] Maps { get; set; } = [];

    public string ResourceName { get; } = $"BackendTLSPolicy/{name}";
}

/// <summary>Rules of one namespace for one host: subsets of all count, the oldest that says something else decides that.</summary>
internal sealed class DestinationGroup(string ns, string host)
{
    public string Namespace => ns;

    public string Host => host;

    /// <summary>The oldest first.</summary>
    public List<DestinationNode> Rules { get; } = [];

    public DestinationNode Speaker => Rules[0];

    public bool HasSubsets => Rules.Exists(static rule => rule.Facts is { Subsets.IsEmpty: false });

    /// <summary>Services for which it is in force.</summary>
    public HashSet<ServiceKey> Services { get; } = [];
}
