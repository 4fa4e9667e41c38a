using Ambient.ControlPlane.Indexing.Selection;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>A port of a Service or ServiceEntry.</summary>
/// <param name="Target">0 if <paramref name="TargetName"/> names it.</param>
/// <param name="TargetName">A container port's name; null if <paramref name="Target"/> says it.</param>
internal readonly record struct PortFacts(string Name, ushort Port, ushort Target, string? TargetName, AppProtocol Protocol);

/// <summary>What a Service or ServiceEntry says by itself, read and checked. Equal by content.</summary>
internal sealed record ServiceFacts
{
    public required ObjectName Source { get; init; }

    public bool IsEntry { get; init; }

    /// <summary>Lower case; one for a Service.</summary>
    public required EquatableArray<string> Hostnames { get; init; }

    public EquatableArray<PortFacts> Ports { get; init; }

    /// <summary>Of its pods; null if nobody is selected.</summary>
    public LabelQuery? Selector { get; init; }

    public EquatableArray<NetworkAddress> Vips { get; init; }

    public EquatableArray<NetworkPrefix> CidrVips { get; init; }

    /// <summary>Addresses that were given to its hosts (empty host = to all); null if it has its own or none are to be used.</summary>
    public EquatableArray<(string Host, NetworkAddress Address)> Allocated { get; init; }

    public LoadBalancing LoadBalancing { get; init; } = LoadBalancing.Default;

    /// <summary>It can be dialled as a service, not only by the addresses of its endpoints.</summary>
    public bool HasAddress => !Vips.IsEmpty || !CidrVips.IsEmpty || !Allocated.IsEmpty;

    /// <summary>True if the namespace's traffic distribution, if any, is to be taken.</summary>
    public bool InheritsDistribution { get; init; }

    public IpFamilies IpFamilies { get; init; }

    public EquatableArray<string> SubjectAltNames { get; init; }

    /// <summary>Resolution of a ServiceEntry, such as <c>DNS</c>; empty for a Service.</summary>
    public string Resolution { get; init; } = "";

    /// <summary>Its hosts have addresses of their own in DNS.</summary>
    public bool IsLookedUp => Resolution is "DNS" or "DNS_ROUND_ROBIN" or "DYNAMIC_DNS";

    /// <summary>Who came first decides between ServiceEntries.</summary>
    public DateTimeOffset Created { get; init; }

    public ServiceKey KeyOf(string hostname) => new(Source.Namespace, hostname);
}
