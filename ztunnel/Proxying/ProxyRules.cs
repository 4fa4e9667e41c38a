using Ambient.Hbone;
using Ambient.MeshProxy.Discovery;
using Ambient.Ztunnel.Discovery;
using Ambient.Ztunnel.Inbound;
using Ambient.Ztunnel.Outbound;

namespace Ambient.Ztunnel.Proxying;

/// <summary>What decides about the connections of every pod; the same for all of them.</summary>
internal sealed record ProxyRules
{
    /// <summary>Asked before the mesh state is, about addresses that may not have been learnt yet.</summary>
    public required MeshLookups Lookups { get; init; }

    public required OutboundRouter Outbound { get; init; }
    public required InboundRouter Inbound { get; init; }
    public required Authorizer Authorizer { get; init; }
    public required ITlsIdentities Identities { get; init; }
    public required Hbone.Tunnels.TunnelOptions Tunnels { get; init; }
    public required HostResolver Hosts { get; init; }
    public required ProxyMetrics Metrics { get; init; }

    /// <summary>The network that this node is in.</summary>
    public required string Network { get; init; }

    /// <summary>Tell peers who our workloads are, and believe what they tell, for telemetry.</summary>
    public required bool Baggage { get; init; }

    /// <summary>Applications that take PROXY headers are dialled on loopback.</summary>
    public required bool LocalhostAppTunnel { get; init; }

    /// <summary>Time for a TCP connection to an application.</summary>
    public required TimeSpan ConnectTimeout { get; init; }
}
