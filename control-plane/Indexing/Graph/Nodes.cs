using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Workloads;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>An object as the index holds it: what it is now, and what was made of it.</summary>
internal abstract class Node(ObjectName name, NamespaceNode ns)
{
    public ObjectName Name => name;

    public NamespaceNode Namespace => ns;

    /// <summary>Waits to be rebuilt.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The waypoints under which it is listed as their referrer.</summary>
    public ObjectName[] WaypointReferences { get; set; } = [];
}

/// <summary>Something that becomes workloads.</summary>
internal abstract class WorkloadNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    /// <summary>By which selectors find it; as listed in the namespace's label index.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    public Workload[] Published { get; set; } = [];

    /// <summary>Policies that keep out what comes around its waypoints, by key.</summary>
    public string[] Guards { get; set; } = [];

    /// <summary>Waits to be told anew which policies it refers to, and nothing else.</summary>
    public bool AwaitsPolicies { get; set; }

    /// <summary>True once its object is gone.</summary>
    public abstract bool IsGone { get; }
}

internal sealed class PodNode(ObjectName name, NamespaceNode ns) : WorkloadNode(name, ns)
{
    public Pod? Pod { get; set; }

    public override bool IsGone => Pod is null;
}

internal sealed class EntryNode(ObjectName name, NamespaceNode ns) : WorkloadNode(name, ns)
{
    public WorkloadEntry? Entry { get; set; }

    public override bool IsGone => Entry is null;
}

/// <summary>The endpoints that a ServiceEntry brings along.</summary>
internal sealed class InlineNode(ServiceNode service) : WorkloadNode(service.Name, service.Namespace)
{
    public ServiceNode Service => service;

    public Kube.ServiceEntry? Entry { get; set; }

    /// <summary>By the uids of the workloads; those without any are left out or null.</summary>
    public Dictionary<string, IReadOnlyDictionary<string, string>?> EndpointLabels { get; } = [];

    public override bool IsGone => Entry is null;
}

internal sealed class SliceNode(ObjectName name, NamespaceNode ns) : WorkloadNode(name, ns)
{
    public EndpointSlice? Slice { get; set; }

    /// <summary>Under which it is listed; null if its label names none.</summary>
    public ObjectName? Service { get; set; }

    /// <summary>Pods that it makes members of its service, as listed.</summary>
    public ObjectName[] Targets { get; set; } = [];

    public override bool IsGone => Slice is null;
}

/// <summary>A Service or ServiceEntry.</summary>
internal sealed class ServiceNode(ObjectName name, bool isEntry, NamespaceNode ns) : Node(name, ns)
{
    private readonly List<ServiceMembership> _memberships = [];

    public bool IsEntry => isEntry;

    /// <summary>As others refer to it.</summary>
    public TargetKey Key => new(isEntry ? TargetKind.ServiceEntry : TargetKind.Service, Name);

    public KubernetesObject? Object { get; set; }

    /// <summary>Null if it is gone, not seen, or no service.</summary>
    public ServiceFacts? Facts { get; set; }

    public HostClaim[] Claims { get; set; } = [];

    /// <summary>What its members depend on, as they know it.</summary>
    public MemberView Members { get; set; } = MemberView.None;

    public WaypointResolution Waypoint { get; set; }

    /// <summary>What its members hold callers to; null if they may be reached as one likes.</summary>
    public WaypointDemand? Demand { get; set; }

    /// <summary>Membership in one of its hosts; members with the same ports share one object.</summary>
    public ServiceMembership MembershipOf(string hostname, PortMap ports)
    {
        foreach (var known in _memberships)
            if (known.Service.Hostname == hostname && known.Ports == ports) return known;
        var made = new ServiceMembership(new(Name.Namespace, hostname), ports);
        if (_memberships.Count == 16) _memberships.Clear(); // named ports that differ from pod to pod
        _memberships.Add(made);
        return made;
    }

    public void ForgetMemberships() => _memberships.Clear();
}

/// <summary>The part of a service that its members depend on. Equal by content.</summary>
/// <param name="Hostnames">Of those it claims, the ones it won.</param>
internal sealed record MemberView(LabelQuery? Selector, EquatableArray<PortFacts> Ports, EquatableArray<string> Hostnames)
{
    public static readonly MemberView None = new(null, default, default);
}

internal sealed class PolicyNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public Kube.AuthorizationPolicy? Object { get; set; }

    /// <summary>Null if it is gone or not ours.</summary>
    public EnforcementPlan? Plan { get; set; }

    /// <summary>As those that are about tokens last heard of it.</summary>
    public bool RefusesForTokens { get; set; }

    /// <summary>As listed: where its selector holds.</summary>
    public LabelQuery? Selector { get; set; }

    public TargetKey[] Targets { get; set; } = [];

    public string Key { get; } = name.ToString();

    /// <summary>As a policy for requests.</summary>
    public string ResourceName { get; } = $"AuthorizationPolicy/{name}";
}

/// <summary>What a targetRef points at.</summary>
internal readonly record struct TargetKey(TargetKind Kind, ObjectName Name);

internal enum TargetKind { Gateway, GatewayClass, Service, ServiceEntry }

internal sealed class PeerNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public PeerAuthentication? Object { get; set; }

    /// <summary>Null if it is gone or not ours.</summary>
    public PeerFacts? Facts { get; set; }

    /// <summary>Name of the policy that workloads it selects refer to; null for none.</summary>
    public string? Reference { get; set; }
}

internal sealed class GatewayNode(ObjectName name, NamespaceNode ns) : Node(name, ns)
{
    public Gateway? Object { get; set; }

    /// <summary>Null while it has no address, or is not seen.</summary>
    public Waypoint? Waypoint { get; set; }

    /// <summary>It is there, and its class is one of waypoints.</summary>
    public bool IsWaypoint { get; set; }

    /// <summary>As it was when its dependents last heard of it.</summary>
    public bool WasThere { get; set; }

    /// <summary>As policies on the class last heard of it; empty while it is not seen.</summary>
    public string ClassName { get; set; } = "";
}
