using System.Collections.Immutable;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Telemetry;
using Ambient.Model.Workloads;

namespace Ambient.Model.Traffic;

/// <summary>All that users say about requests, at one time. Immutable; any thread.</summary>
/// <remarks>What concerns a service stays the same object from one snapshot to the next while nothing of it changes: whoever compiles it may compare references.</remarks>
public sealed class TrafficSnapshot
{
    public static readonly TrafficSnapshot Empty = new();

    private TrafficSnapshot() { }

    private TrafficSnapshot(TrafficSnapshot before) =>
        (Resources, Routes, Destinations, Tls, Policies, Telemetry) = (before.Resources, before.Routes, before.Destinations, before.Tls, before.Policies, before.Telemetry);

    /// <summary>One more than that of the snapshot before.</summary>
    public long Version { get; private init; }

    public ImmutableDictionary<string, TrafficResource> Resources { get; private set; } = ImmutableDictionary<string, TrafficResource>.Empty;

    /// <summary>All policies, in the order of their names.</summary>
    public ImmutableSortedDictionary<string, RequestPolicy> Policies { get; private set; } =
        ImmutableSortedDictionary.Create<string, RequestPolicy>(StringComparer.Ordinal);

    /// <summary>All of them, by their names.</summary>
    public ImmutableDictionary<string, TelemetryPolicy> Telemetry { get; private set; } = ImmutableDictionary<string, TelemetryPolicy>.Empty;

    private ImmutableDictionary<ServiceKey, ImmutableList<Route>> Routes { get; set; } = ImmutableDictionary<ServiceKey, ImmutableList<Route>>.Empty;

    private ImmutableDictionary<ServiceKey, DestinationPolicy> Destinations { get; set; } = ImmutableDictionary<ServiceKey, DestinationPolicy>.Empty;

    private ImmutableDictionary<ServiceKey, ImmutableList<BackendTls>> Tls { get; set; } = ImmutableDictionary<ServiceKey, ImmutableList<BackendTls>>.Empty;

    /// <summary>Routes with that service as parent, in no order.</summary>
    public ImmutableList<Route> RoutesOf(ServiceKey service) => Routes.GetValueOrDefault(service, []);

    public DestinationPolicy? DestinationOf(ServiceKey service) => Destinations.GetValueOrDefault(service);

    /// <summary>What is said of TLS towards the service's servers, the first to decide first.</summary>
    public ImmutableList<BackendTls> TlsOf(ServiceKey service) => Tls.GetValueOrDefault(service, []);

    /// <summary>What is in force for a port: what is said of it before what is said of all.</summary>
    public BackendTls? TlsOf(ServiceKey service, ushort port)
    {
        var all = TlsOf(service);
        return all.Find(one => one.Targets.AsSpan().Contains(new(service, port))) ?? all.Find(one => one.Targets.AsSpan().Contains(new(service, 0)));
    }

    /// <returns>This one if nothing changed.</returns>
    public TrafficSnapshot With(TrafficDelta delta)
    {
        var next = new TrafficSnapshot(this) { Version = Version + 1 };
        foreach (var resource in delta.Set) next.Set(resource);
        foreach (var name in delta.Removed) next.Remove(name);
        return ReferenceEquals(next.Resources, Resources) ? this : next;
    }

    private void Set(TrafficResource resource)
    {
        if (resource.Equals(Resources.GetValueOrDefault(resource.Name))) return;
        Remove(resource.Name);
        Resources = Resources.Add(resource.Name, resource);
        foreach (var service in ServicesOf(resource.Route)) Routes = Routes.SetItem(service, RoutesOf(service).Add(resource.Route!));
        foreach (var service in resource.Destination?.Services ?? default) Destinations = Destinations.SetItem(service, resource.Destination!);
        foreach (var service in ServicesOf(resource.Tls)) Tls = Tls.SetItem(service, TlsOf(service).Add(resource.Tls!).Sort(BackendTls.Compare));
        if (resource.Policy is { } policy) Policies = Policies.Add(resource.Name, policy);
        if (resource.Telemetry is { } telemetry) Telemetry = Telemetry.Add(resource.Name, telemetry);
    }

    private void Remove(string name)
    {
        if (!Resources.TryGetValue(name, out var resource)) return;
        Resources = Resources.Remove(name);
        Policies = Policies.Remove(name);
        Telemetry = Telemetry.Remove(name);
        foreach (var service in ServicesOf(resource.Route))
            Routes = RoutesOf(service).Remove(resource.Route!) is { IsEmpty: false } rest ? Routes.SetItem(service, rest) : Routes.Remove(service);
        foreach (var service in ServicesOf(resource.Tls))
            Tls = TlsOf(service).Remove(resource.Tls!) is { IsEmpty: false } others ? Tls.SetItem(service, others) : Tls.Remove(service);
        // Another one may have taken the service over meanwhile.
        foreach (var service in resource.Destination?.Services ?? default)
            if (ReferenceEquals(DestinationOf(service), resource.Destination)) Destinations = Destinations.Remove(service);
    }

    private static IEnumerable<ServiceKey> ServicesOf(BackendTls? tls) => tls is null ? [] : tls.Targets.Select(static target => target.Service).Distinct();

    private static IEnumerable<ServiceKey> ServicesOf(Route? route) => route is null ? [] : route.Parents.Select(static parent => parent.Service).Distinct();
}
