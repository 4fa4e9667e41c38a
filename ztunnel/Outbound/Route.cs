using System.Net;
using System.Net.Sockets;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Outbound;

internal enum RouteProtocol
{
    /// <summary>Plain TCP to the next hop.</summary>
    Tcp,

    /// <summary>A CONNECT stream in a tunnel to the next hop.</summary>
    Hbone,

    /// <summary>A tunnel within a stream to a gateway of another network.</summary>
    DoubleHbone,
}

/// <summary>How one connection is carried: whom to dial, what to ask there, who must answer.</summary>
internal sealed record Route
{
    public required RouteProtocol Protocol { get; init; }

    /// <summary>What was asked; <see cref="OutboundRouter.RouteAgain"/> asks it again.</summary>
    public required OutboundRequest Request { get; init; }

    /// <summary>The workload at the next hop: endpoint, waypoint or gateway. Null when the destination is not of the mesh.</summary>
    public Workload? Upstream { get; init; }

    /// <summary>The service the client meant, also when a waypoint or gateway comes first.</summary>
    public Service? DestinationService { get; init; }

    /// <summary>Whom to dial; null while <see cref="HostToResolve"/> is to be resolved, see <see cref="At"/>.</summary>
    public IPEndPoint? NextHop { get; init; }

    /// <summary>Host name of an upstream without address.</summary>
    public string? HostToResolve { get; init; }

    /// <summary>The family to take of what <see cref="HostToResolve"/> yields, if there is a choice.</summary>
    public AddressFamily PreferredFamily { get; init; }

    /// <summary>Port of the next hop.</summary>
    public required ushort NextHopPort { get; init; }

    /// <summary>Target of the CONNECT request, of both when there are two; null for TCP and while the host is not resolved.</summary>
    public Authority? Authority { get; init; }

    /// <summary>Port in the authority when that is the next hop's own address.</summary>
    public ushort? DirectPort { get; init; }

    /// <summary>Who may answer at the next hop; empty for TCP.</summary>
    public EquatableArray<SpiffeId> ExpectedPeers { get; init; }

    /// <summary>Who may answer inside the gateway's tunnel. Empty means nobody can.</summary>
    public EquatableArray<SpiffeId> ExpectedInnerPeers { get; init; }

    /// <summary>True if the next hop is one of several that would do.</summary>
    public bool HasAlternatives { get; init; }

    /// <summary>What to avoid if the connection fails in that way; null if the hop is not to blame for it.</summary>
    public IPEndPoint? HopToAvoid(ReasonCode failure) => failure switch
    {
        _ when NextHop is null => null,
        ReasonCode.ConnectRefused or ReasonCode.ConnectTimeout or ReasonCode.ConnectUnreachable or ReasonCode.TunnelTimeout => NextHop,
        ReasonCode.TlsTimeout or ReasonCode.TlsFailed or ReasonCode.TlsWrongIdentity or ReasonCode.TunnelBroken
            when Protocol != RouteProtocol.DoubleHbone => NextHop, // that may have been the inner tunnel's
        ReasonCode.TunnelRefused503 when DirectPort is { } application => new(NextHop.Address, application),
        _ => null,
    };

    /// <summary>The route once its host name was resolved.</summary>
    public Route At(IPAddress address) => this with
    {
        NextHop = new(address, NextHopPort),
        HostToResolve = null,
        Authority = DirectPort is { } port ? Model.Addresses.Authority.Of(address, port) : Authority,
    };
}

/// <summary>A route, or why there is none: exactly one is set.</summary>
internal readonly record struct RouteDecision(Route? Route, Refusal? Refusal)
{
    public static implicit operator RouteDecision(Route route) => new(route, null);

    public static implicit operator RouteDecision(Refusal refusal) => new(null, refusal);
}

/// <summary>A connection to be routed.</summary>
/// <param name="Source">The pod that connects.</param>
/// <param name="SourceAddress">Its address as the socket has it.</param>
/// <param name="Destination">Where it meant to go, as the kernel recorded it.</param>
/// <param name="Avoided">Next hops that are chosen only if there is no other; null = none.</param>
/// <param name="Tried">Next hops that could not be reached and are not to be chosen again.</param>
internal sealed record OutboundRequest(
    Workload Source, IPAddress SourceAddress, IPEndPoint Destination, AvoidedHops? Avoided = null, EquatableArray<TriedHop> Tried = default);

/// <summary>A workload as it was when it could not be reached. One that has come back under its name, or has entered or left the mesh, is another.</summary>
internal readonly record struct TriedHop(string Uid, TunnelProtocol Protocol, EquatableArray<IPAddress> Addresses)
{
    public static TriedHop Of(Workload workload) => new(workload.Uid, workload.Protocol, workload.Addresses);

    public bool Is(Workload workload) => Uid == workload.Uid && Protocol == workload.Protocol && Addresses == workload.Addresses;
}
