using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Settings;

/// <summary>What becomes of a DENY or CUSTOM policy that no hop can evaluate in full.</summary>
public enum UnenforceableRules
{
    /// <summary>
    /// Refuse whatever the rule might have refused. What a hop cannot read is left out of a DENY, so the rule denies more;
    /// a DENY made of HTTP attributes alone denies every connection until a waypoint can tell requests apart.
    /// </summary>
    FailClosed,

    /// <summary>As stock: a DENY of HTTP attributes alone has no effect, CUSTOM is not enforced; their status says False.</summary>
    AsStock,
}

/// <summary>What becomes of connections that go past the waypoint that their destination asks for.</summary>
public enum AroundWaypoints
{
    /// <summary>The destination's node proxy refuses them, unless an annotation lets the caller pass.</summary>
    Refuse,

    /// <summary>As stock: they pass, and what is said about requests does not hold for them.</summary>
    AsStock,
}

/// <summary>How objects become resources. Set once, at start.</summary>
public sealed class IndexOptions
{
    /// <summary>Part of every workload's name. Default <c>Kubernetes</c>; no '/'.</summary>
    public string ClusterId { get; set; } = "Kubernetes";

    /// <summary>That this cluster is in, unless the label of the control plane's namespace names another. Default empty; no '/'.</summary>
    public string Network { get; set; } = "";

    /// <summary>Where services' host names end. Default <c>cluster.local</c>.</summary>
    public string DomainSuffix { get; set; } = "cluster.local";

    /// <summary>Of every workload, unless the mesh configuration says otherwise. Default <c>cluster.local</c>.</summary>
    public string TrustDomain { get; set; } = "cluster.local";

    /// <summary>The control plane's own namespace: its label names the network, its ConfigMap configures the mesh, and it is the
    /// root namespace unless that says otherwise. Default <c>istio-system</c>.</summary>
    public string SystemNamespace { get; set; } = "istio-system";

    /// <summary>Name of the ConfigMap with the mesh configuration, under the key <c>mesh</c>. Default <c>istio</c>.</summary>
    public string ConfigMapName { get; set; } = "istio";

    /// <summary>Istio objects whose label <c>istio.io/rev</c> names another revision are left to it. Default <c>default</c>.</summary>
    public string Revision { get; set; } = "default";

    /// <summary>Services of ServiceEntries answer at the addresses that were allocated to them. Default true.</summary>
    public bool AllocatedIps { get; set; } = true;

    /// <summary>A ServiceEntry's selector selects pods too. Default true.</summary>
    public bool ServiceEntriesSelectPods { get; set; } = true;

    /// <summary>A Service's selector selects WorkloadEntries too. Default true.</summary>
    public bool ServicesSelectWorkloadEntries { get; set; } = true;

    /// <summary>Dry-run policies are sent. Default false: ztunnel before 1.29 would enforce them.</summary>
    public bool DryRunPolicies { get; set; }

    /// <summary>Where ALLOW policies name who may connect to a workload behind a waypoint, the waypoint is one of them. Default false.</summary>
    public bool AllowWaypointsOnly { get; set; }

    /// <summary>Default: refuse.</summary>
    public AroundWaypoints AroundWaypoints { get; set; }

    /// <summary>Gateways to other networks are published. Default false. Remote clusters are not watched either way.</summary>
    public bool MultiNetwork { get; set; }

    /// <summary>Default: fail closed.</summary>
    public UnenforceableRules UnenforceableRules { get; set; }

    /// <summary>The network of this cluster. It is part of every address, whose parts are told apart by '/'.</summary>
    /// <param name="system">The control plane's own namespace; null while it is not known.</param>
    public string NetworkOf(Namespace? system) => system?.Metadata.Label(MeshLabels.Network) is { } network && !network.Contains('/') ? network : Network;

    /// <summary>True unless the object's label leaves it to another revision's control plane.</summary>
    public bool Owns(KubernetesObject value) => value.Metadata.Label(MeshLabels.Revision) is not { Length: > 0 } revision || revision == Revision;
}
