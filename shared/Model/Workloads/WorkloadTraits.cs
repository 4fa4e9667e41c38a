using Ambient.Model.Addresses;
using Ambient.Model.Identities;

namespace Ambient.Model.Workloads;

/// <summary>What the pods of one workload have in common; most of what is known of each. One copy serves all of them.</summary>
/// <remarks>What is compared changes only while the <see cref="Workload"/> that made it is being made.</remarks>
internal sealed class WorkloadTraits : IEquatable<WorkloadTraits>
{
    private SpiffeId? _identity;

    public static readonly WorkloadTraits None = new();

    public string Namespace = "", ServiceAccount = "", CanonicalName = "", CanonicalRevision = "", WorkloadName = "";
    public EquatableArray<string> AuthorizationPolicies;
    public EquatableArray<ServiceMembership> Services;
    public WorkloadReach Reach = WorkloadReach.Usual;

    /// <summary>Of the latest workload that has these traits, and so of most of the others. No part of what is compared.</summary>
    public string NamePrefix = "";

    public WorkloadType Type;

    public SpiffeId Identity => _identity ??= new(Reach.TrustDomain, Namespace, ServiceAccount);

    public WorkloadTraits Copy()
    {
        var copy = (WorkloadTraits)MemberwiseClone();
        copy._identity = null; // what it is made of may change
        return copy;
    }

    public bool Equals(WorkloadTraits? other) => other is not null
        && Namespace == other.Namespace && ServiceAccount == other.ServiceAccount && CanonicalName == other.CanonicalName
        && CanonicalRevision == other.CanonicalRevision && WorkloadName == other.WorkloadName && Type == other.Type
        && AuthorizationPolicies == other.AuthorizationPolicies && Services == other.Services && Reach.Equals(other.Reach);

    public override bool Equals(object? obj) => Equals(obj as WorkloadTraits);

    public override int GetHashCode() => HashCode.Combine(Namespace, WorkloadName, ServiceAccount, Services, CanonicalRevision, Reach);
}

/// <summary>How a workload is reached: the same for most of a mesh.</summary>
/// <remarks>Changed only while the <see cref="Workload"/> that made it is being made.</remarks>
internal sealed class WorkloadReach : IEquatable<WorkloadReach>
{
    public static readonly WorkloadReach Usual = new();

    public string Network = "", TrustDomain = "", ClusterId = "", Hostname = "";
    public GatewayAddress? Waypoint, NetworkGateway;
    public ApplicationTunnel? ApplicationTunnel;
    public string? Fault;
    public uint Capacity = 1;
    public TunnelProtocol Protocol;
    public NetworkMode NetworkMode;
    public bool NativeTunnel;

    public WorkloadReach Copy() => (WorkloadReach)MemberwiseClone();

    public bool Equals(WorkloadReach? other) => other is not null && (ReferenceEquals(this, other)
        || (Network == other.Network && TrustDomain == other.TrustDomain && ClusterId == other.ClusterId && Hostname == other.Hostname
            && Waypoint == other.Waypoint && NetworkGateway == other.NetworkGateway && ApplicationTunnel == other.ApplicationTunnel
            && Fault == other.Fault && Capacity == other.Capacity && Protocol == other.Protocol && NetworkMode == other.NetworkMode
            && NativeTunnel == other.NativeTunnel));

    public override bool Equals(object? obj) => Equals(obj as WorkloadReach);

    public override int GetHashCode() => HashCode.Combine(Network, TrustDomain, Hostname, Waypoint, NetworkGateway, Protocol, Fault);
}

/// <summary>What few workloads have.</summary>
/// <param name="Uid">Null if it follows from the names.</param>
/// <param name="Addresses">Null if there is none, or one of IPv4.</param>
internal sealed record WorkloadDetails(string? Uid, IpBits[]? Addresses);

/// <summary>The machine that a workload runs on.</summary>
internal sealed record WorkloadPlace(string Node, Locality Locality)
{
    public static readonly WorkloadPlace Unknown = new("", default);
}

/// <summary>Keeps one copy of what workloads have in common. Not thread-safe.</summary>
/// <remarks>A kind of which there are very many starts anew, so that what is long gone is not kept for ever.</remarks>
internal sealed class WorkloadSharing
{
    private const int Most = 1 << 16;
    private readonly HashSet<WorkloadTraits> _traits = [];
    private readonly HashSet<WorkloadReach> _reaches = [];
    private readonly HashSet<WorkloadPlace> _places = [];

    /// <param name="traits">Others may read them meanwhile: their content stays as it is.</param>
    public WorkloadTraits Share(WorkloadTraits traits)
    {
        traits.Reach = Share(_reaches, traits.Reach);
        return Share(_traits, traits);
    }

    public WorkloadPlace Share(WorkloadPlace place) => Share(_places, place);

    private static T Share<T>(HashSet<T> kept, T value)
    {
        if (kept.TryGetValue(value, out var known)) return known;
        if (kept.Count >= Most) kept.Clear();
        kept.Add(value);
        return value;
    }
}
