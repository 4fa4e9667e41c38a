using System.Net;
using Ambient.Hbone.Headers;
using Ambient.Model.Identities;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Connections;

/// <summary>Which side of the connection we are: telemetry of both sides is kept apart by this.</summary>
internal enum Direction : byte { Outbound, Inbound }

internal enum ConnectionProtocol : byte
{
    Tcp,
    Hbone,

    /// <summary>HBONE inside HBONE, through a gateway to another network.</summary>
    DoubleHbone,
}

/// <summary>What is known of a connection when it is set up; everything that logs, metrics and dumps tell about it.</summary>
/// <remarks>Only references to what exists anyway: nothing is copied for the connection.</remarks>
internal readonly record struct ConnectionFacts
{
    public required Direction Direction { get; init; }

    public required ConnectionProtocol Protocol { get; init; }

    /// <summary>Inbound, in plain: made while its pod entered the mesh, by a client that could not know. No policy ends it.</summary>
    public bool IsOlder { get; init; }

    /// <summary>Uid of the pod whose connection it is, as the node agent names it.</summary>
    public required string PodUid { get; init; }

    /// <summary>The client's end.</summary>
    public required IPEndPoint? Source { get; init; }

    /// <summary>Outbound: the next hop. Inbound: our own end of the connection that brought it.</summary>
    public required IPEndPoint? Destination { get; init; }

    /// <summary>Outbound: what the client dialled.</summary>
    public IPEndPoint? OriginalDestination { get; init; }

    /// <summary>Inbound: where it goes within the pod, the address that policy sees.</summary>
    public IPEndPoint? Target { get; init; }

    /// <summary>The <c>:authority</c> of the CONNECT request; null for plain TCP.</summary>
    public string? HboneTarget { get; init; }

    /// <summary>Inbound: the service the peer says its client dialled (<c>forwarded</c>).</summary>
    public string? ForwardedHost { get; init; }

    public Workload? SourceWorkload { get; init; }

    /// <summary>Who the peer's proxy says the client is; used where <see cref="SourceWorkload"/> is not known.</summary>
    public Baggage? ClaimedSource { get; init; }

    /// <summary>Outbound: the next hop (endpoint, waypoint, gateway). Inbound: the pod.</summary>
    public Workload? DestinationWorkload { get; init; }

    /// <summary>Across networks: who answered behind the gateway. Comes before <see cref="DestinationWorkload"/>.</summary>
    public Baggage? ClaimedDestination { get; init; }

    /// <summary>The service that was meant, also where the next hop is a waypoint or gateway.</summary>
    public Service? DestinationService { get; init; }

    /// <summary>Proved by TLS; null for plaintext.</summary>
    public SpiffeId? SourceIdentity { get; init; }

    /// <summary>Proved by TLS; null for plaintext.</summary>
    public SpiffeId? DestinationIdentity { get; init; }

    public bool IsMutualTls => Protocol != ConnectionProtocol.Tcp;
}
