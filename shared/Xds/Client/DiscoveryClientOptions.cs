using Ambient.Grpc;
using Ambient.Model.Traffic;
using Ambient.Protos.Xds;

namespace Ambient.Xds.Client;

/// <summary>Who asks for what.</summary>
public sealed class DiscoveryClientOptions
{
    /// <summary>Sent in the first request of each type on each stream.</summary>
    public required Node Node { get; init; }

    /// <summary>Headers of each stream, made anew for it: credentials change. An exception counts as a failed connection.</summary>
    public Func<GrpcMetadata> Headers { get; init; } = static () => new();

    /// <summary>Addresses are asked for one by one when they are needed; policies are always all sent. Default: all of both.</summary>
    public bool OnDemand { get; init; }

    /// <summary>For a proxy that sees requests: kept up to date as well. Null asks for nothing of it.</summary>
    public TrafficState? Traffic { get; init; }

    /// <summary>Names asked for on demand that turned out not to exist, and whose coming to be is still watched for. Default 4096.</summary>
    /// <remarks>The oldest is given up for a newer one: an application that dials at random must not grow this process.</remarks>
    public int MaxMissingNames { get; init; } = 4096;
}
