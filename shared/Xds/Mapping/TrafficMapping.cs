using Ambient.Model.Traffic;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>What users say about requests, between the model and the wire.</summary>
public static class TrafficMapping
{
    public static Wire.Resource ToWire(TrafficResource resource) => resource switch
    {
        { Route: { } route } => new() { Route = RouteMapping.ToWire(route) },
        { Destination: { } destination } => new() { Destination = DestinationMapping.ToWire(destination) },
        { Tls: { } tls } => new() { BackendTls = BackendTlsMapping.ToWire(tls) },
        { Telemetry: { } telemetry } => new() { Telemetry = TelemetryMapping.ToWire(telemetry) },
        _ => new() { Policy = RequestPolicyMapping.ToWire(resource.Policy!) },
    };

    /// <exception cref="ArgumentException">It makes no sense; for the NACK.</exception>
    public static TrafficResource ToModel(string name, Wire.Resource wire, SharedValues pool) => wire.KindCase switch
    {
        Wire.Resource.KindOneofCase.Route => new(name, RouteMapping.ToModel(wire.Route, pool)),
        Wire.Resource.KindOneofCase.Destination => new(name, DestinationMapping.ToModel(wire.Destination, pool)),
        Wire.Resource.KindOneofCase.BackendTls => new(name, BackendTlsMapping.ToModel(wire.BackendTls, pool)),
        Wire.Resource.KindOneofCase.Policy => new(name, RequestPolicyMapping.ToModel(wire.Policy, pool)),
        Wire.Resource.KindOneofCase.Telemetry => new(name, TelemetryMapping.ToModel(wire.Telemetry, pool)),
        _ => throw new ArgumentException("the resource is of no kind that is known"),
    };
}
