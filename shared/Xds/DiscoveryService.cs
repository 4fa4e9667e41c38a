using Ambient.Grpc;
using Ambient.Grpc.Messages;
using Ambient.Protos.Xds;

namespace Ambient.Xds;

/// <summary>The one method of discovery: incremental aggregated discovery, as Envoy's xDS protocol defines it.</summary>
public static class DiscoveryService
{
    private const string Service = "envoy.service.discovery.v3.AggregatedDiscoveryService", Method = "DeltaAggregatedResources";

    public static readonly GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse> Delta =
        GrpcMethod.Of(Service, Method, DeltaDiscoveryRequest.Parser, DeltaDiscoveryResponse.Parser);

    /// <summary>The same for a server, whose responses are written from bytes that all sessions share.</summary>
    public static readonly GrpcMethod<DeltaDiscoveryRequest, ReadOnlyMemory<byte>> DeltaOfBytes =
        new(Service, Method, new ProtobufFormat<DeltaDiscoveryRequest>(DeltaDiscoveryRequest.Parser), RawFormat.Instance);
}
