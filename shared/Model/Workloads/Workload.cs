using System.Buffers.Binary;
using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Identities;
using Ambient.Model.State;

namespace Ambient.Model.Workloads;

/// <summary>How a workload is reached.</summary>
public enum TunnelProtocol : byte
{
    /// <summary>Plain TCP.</summary>
    None,

    /// <summary>HTTP/2 CONNECT over mutual TLS on port 15008.</summary>
    Hbone,
}

public enum NetworkMode : byte
{
    Standard,

    /// <summary>Shares its node's IP with others, so it is never found by IP.</summary>
    HostNetwork,
}

public enum WorkloadStatus : byte { Healthy, Unhealthy }

public enum WorkloadType : byte { Deployment, CronJob, Pod, Job }

/// <summary>A workload's place in a service, with its own port mapping.</summary>
/// <param name="Status">Health as a member of this service; null = the workload's own.</param>
public sealed record ServiceMembership(ServiceKey Service, PortMap Ports, WorkloadStatus? Status = null);

/// <summary>A pod, virtual machine or other endpoint. Immutable, equal by content.</summary>
/// <remarks>
/// A node proxy knows 100,000 of them, so what the pods of one workload have in common is kept once for all, as is the node of
/// those that run on it, and a uid, a name or an address that follows from the rest or fits into a number is made when it is asked for.
/// </remarks>
public sealed record Workload
{
    private const string PodKind = "//Pod/";

    private WorkloadTraits _traits = WorkloadTraits.None;
    private WorkloadPlace _place = WorkloadPlace.Unknown;
    private NameSuffix _suffix;
    private WorkloadDetails? _details; // null: a name of the template, what PodUid makes of the names, and at most the address _ipv4
    private uint _ipv4;                // in network order
    private bool _hasIPv4;
    private bool _ownsTraits, _ownsReach; // while it is being made

    private Workload(Workload original)
    {
        (_traits, _place, _suffix, _ipv4, _hasIPv4, Status) = (original._traits, original._place, original._suffix, original._ipv4, original._hasIPv4, original.Status);
        _details = (original._details ?? WorkloadDetails.None) with { Uid = original.Uid }; // the names may change, the uid does not with them
    }

    /// <summary>Unique key: <c>cluster/group/kind/namespace/name[/section]</c>. Made at each call for most pods.</summary>
    public required string Uid
    {
        get => _details?.Uid ?? PodUid(stackalloc char[256]).ToString();
        init => _details = (_details ?? WorkloadDetails.None) with { Uid = value };
    }

    internal WorkloadTraits Traits => _traits;

    internal int UidHash => string.GetHashCode(_details?.Uid is { } own ? own : PodUid(stackalloc char[256]));

    internal bool IsPod => _details?.Uid?.Contains(PodKind, StringComparison.Ordinal) ?? true;

    internal bool HasUid(string uid) => _details?.Uid is { } own ? own == uid : IsPodUid(uid);

    /// <summary>Made at each call for a pod whose name ends as those of a template do.</summary>
    public string Name
    {
        get => _details?.Name ?? string.Concat(_traits.NamePrefix, _suffix.Unpack(stackalloc char[NameSuffix.MaxLength]));
        init
        {
            var start = value.LastIndexOf('-') + 1;
            _suffix = default;
            var isOfTemplate = start > 0 && NameSuffix.TryPack(value.AsSpan(start), out _suffix);
            Own.NamePrefix = isOfTemplate ? value[..start] : "";
            _details = (_details ?? WorkloadDetails.None) with { Name = isOfTemplate ? null : value };
        }
    }

    /// <exception cref="ArgumentException">Not usable as part of an identity, see <see cref="SpiffeId.CheckPart"/>.</exception>
    public string Namespace { get => _traits.Namespace; init => Own.Namespace = SpiffeId.CheckPart(value); }

    /// <summary>
    /// Without scope ids, and IPv4 where it was mapped into IPv6. Made at each call; see <see cref="HasAddress"/> and <see cref="Owns(IPAddress)"/>.
    /// </summary>
    public EquatableArray<IPAddress> Addresses
    {
        get => _hasIPv4 ? [new IPAddress(_ipv4)] : (_details?.Addresses ?? []).Select(static bits => bits.ToAddress()).ToEquatableArray();
        init
        {
            IpBits[] addresses = [.. value.AsSpan().ToArray().Select(IpBits.Of)];
            _hasIPv4 = addresses is [{ IsIPv6: false }];
            _ipv4 = _hasIPv4 ? BinaryPrimitives.ReverseEndianness((uint)addresses[0].Value) : 0;
            _details = (_details ?? WorkloadDetails.None) with { Addresses = _hasIPv4 || addresses.Length == 0 ? null : addresses };
        }
    }

    /// <summary>Network id; empty = the default network.</summary>
    public string Network { get => _traits.Reach.Network; init => OwnReach.Network = value; }

    public TunnelProtocol Protocol { get => _traits.Reach.Protocol; init => OwnReach.Protocol = value; }

    /// <summary>Always spelled out here; messages leave out the default, <c>cluster.local</c>.</summary>
    /// <inheritdoc cref="Namespace" path="/exception"/>
    public string TrustDomain { get => _traits.Reach.TrustDomain; init => OwnReach.TrustDomain = SpiffeId.CheckPart(value); }

    /// <inheritdoc cref="Namespace"/>
    public string ServiceAccount { get => _traits.ServiceAccount; init => Own.ServiceAccount = SpiffeId.CheckPart(value); }

    /// <summary>Mandatory next hop for traffic that addresses this workload itself.</summary>
    public GatewayAddress? Waypoint { get => _traits.Reach.Waypoint; init => OwnReach.Waypoint = value; }

    /// <summary>Gateway for clients of other networks.</summary>
    public GatewayAddress? NetworkGateway { get => _traits.Reach.NetworkGateway; init => OwnReach.NetworkGateway = value; }

    public string Node { get => _place.Node; init => _place = _place with { Node = value }; }

    public string ClusterId { get => _traits.Reach.ClusterId; init => OwnReach.ClusterId = value; }

    public string CanonicalName { get => _traits.CanonicalName; init => Own.CanonicalName = value; }

    public string CanonicalRevision { get => _traits.CanonicalRevision; init => Own.CanonicalRevision = value; }

    public WorkloadType Type { get => _traits.Type; init => Own.Type = value; }

    public string WorkloadName { get => _traits.WorkloadName; init => Own.WorkloadName = value; }

    /// <summary>Terminates tunnels itself, as a node proxy or gateway does.</summary>
    public bool NativeTunnel { get => _traits.Reach.NativeTunnel; init => OwnReach.NativeTunnel = value; }

    /// <summary>Names (<c>namespace/name</c>) of the policies that select this workload.</summary>
    public EquatableArray<string> AuthorizationPolicies { get => _traits.AuthorizationPolicies; init => Own.AuthorizationPolicies = value; }

    public WorkloadStatus Status { get; init; }

    /// <summary>DNS name to resolve when it has no address.</summary>
    public string Hostname { get => _traits.Reach.Hostname; init => OwnReach.Hostname = value; }

    public EquatableArray<ServiceMembership> Services { get => _traits.Services; init => Own.Services = value; }

    public ApplicationTunnel? ApplicationTunnel { get => _traits.Reach.ApplicationTunnel; init => OwnReach.ApplicationTunnel = value; }

    /// <summary>Why what was said of it could not be read; null for a sound workload. One with a fault is not to be reached, and nobody may speak to it.</summary>
    public string? Fault { get => _traits.Reach.Fault; init => OwnReach.Fault = value; }

    public Locality Locality { get => _place.Locality; init => _place = _place with { Locality = value }; }

    public NetworkMode NetworkMode { get => _traits.Reach.NetworkMode; init => OwnReach.NetworkMode = value; }

    /// <summary>Share of a service's connections relative to its other endpoints; 0 gets none.</summary>
    public uint Capacity { get => _traits.Reach.Capacity; init => OwnReach.Capacity = value; }

    public SpiffeId Identity => _traits.Identity;

    public bool HasAddress => _hasIPv4 || _details?.Addresses is not null;

    /// <summary>True if <paramref name="address"/> is one of <see cref="Addresses"/>.</summary>
    public bool Owns(IPAddress address) => Owns(IpBits.Of(address));

    internal bool Owns(IpBits address)
    {
        if (_hasIPv4) return !address.IsIPv6 && address.Value == BinaryPrimitives.ReverseEndianness(_ipv4);
        foreach (var own in _details?.Addresses ?? [])
            if (own == address) return true;
        return false;
    }

    public ServiceMembership? MembershipIn(ServiceKey service)
    {
        foreach (var membership in Services)
            if (membership.Service == service) return membership;
        return null;
    }

    public bool Equals(Workload? other) => other is not null && (ReferenceEquals(this, other)
        || (_suffix == other._suffix && _details?.Name == other._details?.Name && Status == other.Status && _place == other._place
            && _traits.Equals(other._traits) && Addresses == other.Addresses && Uid == other.Uid));

    public override int GetHashCode() => HashCode.Combine(_traits.NamePrefix, _suffix, _details?.Name);

    /// <summary>Lets go of what is the same for others and of what follows from the rest. Its content stays as it is; any thread may read meanwhile.</summary>
    internal void ShareWith(WorkloadSharing sharing, ServiceTable.Builder services)
    {
        _ownsTraits = _ownsReach = false;
        _traits = sharing.Share(_traits, services);
        _place = sharing.Share(_place);
        if (_details is { Uid: { } own } && IsPodUid(own)) _details = _details with { Uid = null };
        if (_details is { IsEmpty: true }) _details = null;
    }

    private WorkloadTraits Own
    {
        get
        {
            if (!_ownsTraits) (_traits, _ownsTraits) = (_traits.Copy(), true);
            return _traits;
        }
    }

    private WorkloadReach OwnReach
    {
        get
        {
            if (!_ownsReach) (Own.Reach, _ownsReach) = (_traits.Reach.Copy(), true);
            return _traits.Reach;
        }
    }

    private ReadOnlySpan<char> PodUid(Span<char> room)
    {
        Span<char> start = stackalloc char[WorkloadTraits.LongestPrefix], end = stackalloc char[NameSuffix.MaxLength];
        var prefix = _details?.Name is { } own ? own : _traits.WritePrefix(start);
        var suffix = _suffix.Unpack(end);
        return room.TryWrite($"{ClusterId}{PodKind}{Namespace}/{prefix}{suffix}", out var length) ? room[..length] : $"{ClusterId}{PodKind}{Namespace}/{Name}";
    }

    private bool IsPodUid(ReadOnlySpan<char> uid) => uid.SequenceEqual(PodUid(stackalloc char[256]));
}
