using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Telemetry;

namespace Ambient.Model.Traffic;

/// <summary>One object of the user, under the name it was sent with: a route, a destination policy, TLS of services' servers, a policy for requests or one for telemetry; one of the five.</summary>
public sealed record TrafficResource
{
    public TrafficResource(string name, Route route) => (Name, Route) = (name, route);

    public TrafficResource(string name, DestinationPolicy destination) => (Name, Destination) = (name, destination);

    public TrafficResource(string name, RequestPolicy policy) => (Name, Policy) = (name, policy);

    public TrafficResource(string name, TelemetryPolicy telemetry) => (Name, Telemetry) = (name, telemetry);

    public TrafficResource(string name, BackendTls tls) => (Name, Tls) = (name, tls);

    /// <summary><c>KIND/namespace/name</c>.</summary>
    public string Name { get; }

    public Route? Route { get; }

    public DestinationPolicy? Destination { get; }

    public RequestPolicy? Policy { get; }

    public TelemetryPolicy? Telemetry { get; }

    public BackendTls? Tls { get; }
}

/// <summary>Changes that belong together: updates first, in order, then removals.</summary>
public sealed record TrafficDelta(IReadOnlyList<TrafficResource> Set, IReadOnlyList<string> Removed)
{
    public bool IsEmpty => Set.Count + Removed.Count == 0;
}
