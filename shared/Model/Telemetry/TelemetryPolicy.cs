using Ambient.Model.Workloads;

namespace Ambient.Model.Telemetry;

/// <summary>What a user wants to be told of requests, and of which. Immutable, equal by content.</summary>
/// <remarks>Several may be for one request: what a narrower one says goes before what a wider one says; of equally wide ones the oldest is heard.</remarks>
public sealed record TelemetryPolicy
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public DateTimeOffset Created { get; init; }

    public TelemetryScope Scope { get; init; }

    /// <summary>For <see cref="TelemetryScope.Target"/>: requests to one of these.</summary>
    public EquatableArray<ServiceKey> Services { get; init; }

    /// <summary>For <see cref="TelemetryScope.Target"/>: all requests through one of these waypoints, <c>namespace/name</c>.</summary>
    public EquatableArray<string> Gateways { get; init; }

    /// <summary>Null says nothing of it.</summary>
    public TracingSettings? Tracing { get; init; }

    /// <summary>Null says nothing of it.</summary>
    public AccessLogSettings? AccessLog { get; init; }

    /// <summary>In order; later ones go before.</summary>
    public EquatableArray<MetricOverride> Metrics { get; init; }

    /// <returns>How narrowly it is for these requests, larger is narrower; 0 if it is not for them.</returns>
    /// <param name="service">Null for a workload that was addressed itself.</param>
    /// <param name="gateway">The waypoint's <c>namespace/name</c>.</param>
    public int NarrownessFor(ServiceKey? service, string gateway) => Scope switch
    {
        TelemetryScope.MeshDefault => 1,
        TelemetryScope.Mesh => 2,
        TelemetryScope.Namespace => service?.Namespace == Namespace ? 4 : gateway.AsSpan(0, gateway.IndexOf('/')).SequenceEqual(Namespace) ? 3 : 0,
        _ => service is { } known && Services.AsSpan().Contains(known) ? 6 : Gateways.AsSpan().Contains(gateway) ? 5 : 0,
    };
}

/// <summary>Whose requests are meant.</summary>
public enum TelemetryScope : byte
{
    /// <summary>Those of all waypoints, where no other policy says anything.</summary>
    MeshDefault,

    /// <summary>Those of all waypoints.</summary>
    Mesh,

    /// <summary>Those for services of the policy's namespace, and those of its waypoints.</summary>
    Namespace,

    /// <summary>Those of its services and waypoints.</summary>
    Target,
}
