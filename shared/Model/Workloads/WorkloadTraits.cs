using Ambient.Model.Addresses;
using Ambient.Model.Identities;

namespace Ambient.Model.Workloads;

/// <summary>What the pods of one template have in common; most of what is known of each. One copy serves all of them.</summary>
/// <remarks>What is compared changes only while the <see cref="Workload"/> that made it is being made.</remarks>
internal sealed class WorkloadTraits : IEquatable<WorkloadTraits>
{
    /// <summary>Room for a prefix, in characters.</summary>
    public const int LongestPrefix = 256;

    private SpiffeId? _identity;
    private string? _namePrefix = ""; // null: it follows from the workload's name, and _template
    private NameSuffix _template;     // what a ReplicaSet adds to the name of its Deployment

    public static readonly WorkloadTraits None = new();

    public string Namespace = "", ServiceAccount = "", CanonicalName = "", CanonicalRevision = "", WorkloadName = "";
    public EquatableArray<string> AuthorizationPolicies;
    public EquatableArray<ServiceMembership> Services;
    public WorkloadReach Reach = WorkloadReach.Usual;

    /// <summary>What names of their template begin with; empty for a workload whose name is all its own.</summary>
    public string NamePrefix { get => _namePrefix ?? WritePrefix(stackalloc char[LongestPrefix]).ToString(); set => _namePrefix = value; }

    public WorkloadType Type;

    public SpiffeId Identity => _identity ??= new(Reach.TrustDomain, Namespace, ServiceAccount);

    /// <param name="room">Of <see cref="LongestPrefix"/> characters; what is returned may lie elsewhere, and be longer.</param>
    public ReadOnlySpan<char> WritePrefix(Span<char> room)
    {
        if (_namePrefix is { } own) return own;
        var template = _template.Unpack(stackalloc char[NameSuffix.MaxLength]);
        room.TryWrite($"{WorkloadName}-{template}{(template.IsEmpty ? "" : "-")}", out var length); // it fits: see below
        return room[..length];
    }

    /// <summary>Lets go of a prefix that follows from the workload's name. The content stays as it is; others may read it meanwhile.</summary>
    public void Compact()
    {
        if (_namePrefix is not { Length: <= LongestPrefix } prefix || !prefix.StartsWith(WorkloadName, StringComparison.Ordinal)) return;
        if (prefix.AsSpan(WorkloadName.Length) is not ['-', .. var rest]) return;
        if (!rest.IsEmpty && !(rest is [.. var template, '-'] && NameSuffix.TryPack(template, out _template))) return;
        Volatile.Write(ref _namePrefix, null);
    }

    public WorkloadTraits Copy()
    {
        var copy = (WorkloadTraits)MemberwiseClone();
        (copy._identity, copy._namePrefix) = (null, NamePrefix); // what they are made of may change
        return copy;
    }

    public bool Equals(WorkloadTraits? other) => other is not null
        && Namespace == other.Namespace && NamePrefix == other.NamePrefix && ServiceAccount == other.ServiceAccount && CanonicalName == other.CanonicalName
        && CanonicalRevision == other.CanonicalRevision && WorkloadName == other.WorkloadName && Type == other.Type
        && AuthorizationPolicies == other.AuthorizationPolicies && Services == other.Services && Reach.Equals(other.Reach);

    public override bool Equals(object? obj) => Equals(obj as WorkloadTraits);

    public override int GetHashCode() => HashCode.Combine(Namespace, NamePrefix, WorkloadName, ServiceAccount, Services, CanonicalRevision, Reach);
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
/// <param name="Name">Null if it is that of a template and a <see cref="NameSuffix"/>.</param>
/// <param name="Addresses">Null if there is none, or one of IPv4.</param>
internal sealed record WorkloadDetails(string? Uid, string? Name, IpBits[]? Addresses)
{
    public static readonly WorkloadDetails None = new(null, null, null);

    public bool IsEmpty => Uid is null && Name is null && Addresses is null;
}

/// <summary>The machine that a workload runs on.</summary>
internal sealed record WorkloadPlace(string Node, Locality Locality)
{
    public static readonly WorkloadPlace Unknown = new("", default);
}
