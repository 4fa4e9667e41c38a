using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>A namespace, known or only mentioned, and what is in it.</summary>
internal sealed class NamespaceNode(string name)
{
    public string Name => name;

    public Namespace? Object { get; set; }

    public bool IsQueued { get; set; }

    /// <summary>Its objects are seen.</summary>
    public bool IsIncluded { get; set; }

    public NamespaceFacts Facts { get; set; } = new(name);

    public ObjectName[] WaypointReferences { get; set; } = [];

    public HashSet<WorkloadNode> Workloads { get; } = [];

    public LabelIndex<WorkloadNode> WorkloadsByLabel { get; } = new(static node => node.Labels);

    public HashSet<ServiceNode> Services { get; } = [];

    public SelectorIndex<ServiceNode> ServiceSelectors { get; } = new();

    public HashSet<PolicyNode> Policies { get; } = [];

    public SelectorIndex<PolicyNode> PolicySelectors { get; } = new();

    public HashSet<PeerNode> Peers { get; } = [];

    public SelectorIndex<PeerNode> PeerSelectors { get; } = new();

    public HashSet<GatewayNode> Gateways { get; } = [];

    /// <summary>What says where requests go.</summary>
    public HashSet<Node> Traffic { get; } = [];

    /// <summary>Workloads that no PeerAuthentication selects refuse callers without identity.</summary>
    public bool IsStrict { get; set; }

    public bool IsEmpty => Object is null && Workloads.Count + Services.Count + Policies.Count + Peers.Count + Gateways.Count + Traffic.Count == 0;
}
