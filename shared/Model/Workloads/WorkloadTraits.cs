using Ambient.Model.Identities;

namespace Ambient.Model.Workloads;

/// <summary>What the pods of one workload have in common; most of what is known of each. One copy serves all of them.</summary>
/// <remarks>Changed only while the <see cref="Workload"/> that made it is being made.</remarks>
internal sealed class WorkloadTraits : IEquatable<WorkloadTraits>
{
    private SpiffeId? _identity;

    public static readonly WorkloadTraits None = new();

    public string Namespace = "", Network = "", TrustDomain = "", ServiceAccount = "", ClusterId = "", CanonicalName = "",
        CanonicalRevision = "", WorkloadName = "", Hostname = "";

    public GatewayAddress? Waypoint, NetworkGateway;
    public ApplicationTunnel? ApplicationTunnel;
    public EquatableArray<string> AuthorizationPolicies;
    public EquatableArray<ServiceMembership> Services;
    public string? Fault;
    public uint Capacity = 1;
    public TunnelProtocol Protocol;
    public WorkloadType Type;
    public NetworkMode NetworkMode;
    public bool NativeTunnel;

    public SpiffeId Identity => _identity ??= new(TrustDomain, Namespace, ServiceAccount);

    public WorkloadTraits Copy()
    {
        var copy = (WorkloadTraits)MemberwiseClone();
        copy._identity = null; // what it is made of may change
        return copy;
    }

    public bool Equals(WorkloadTraits? other) => other is not null
        && Namespace == other.Namespace && Network == other.Network && TrustDomain == other.TrustDomain && ServiceAccount == other.ServiceAccount
        && ClusterId == other.ClusterId && CanonicalName == other.CanonicalName && CanonicalRevision == other.CanonicalRevision
        && WorkloadName == other.WorkloadName && Hostname == other.Hostname && Waypoint == other.Waypoint && NetworkGateway == other.NetworkGateway
        && ApplicationTunnel == other.ApplicationTunnel && AuthorizationPolicies == other.AuthorizationPolicies && Services == other.Services
        && Fault == other.Fault && Capacity == other.Capacity && Protocol == other.Protocol && Type == other.Type
        && NetworkMode == other.NetworkMode && NativeTunnel == other.NativeTunnel;

    public override bool Equals(object? obj) => Equals(obj as WorkloadTraits);

    public override int GetHashCode() => HashCode.Combine(Namespace, WorkloadName, ServiceAccount, Services, CanonicalRevision, Protocol);
}

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
    private readonly HashSet<WorkloadPlace> _places = [];
    private readonly HashSet<string> _names = [];

    public WorkloadTraits Share(WorkloadTraits traits) => Share(_traits, traits);

    public WorkloadPlace Share(WorkloadPlace place) => Share(_places, place);

    public string Share(string name) => Share(_names, name);

    private static T Share<T>(HashSet<T> kept, T value)
    {
        if (kept.TryGetValue(value, out var known)) return known;
        if (kept.Count >= Most) kept.Clear();
        kept.Add(value);
        return value;
    }
}
