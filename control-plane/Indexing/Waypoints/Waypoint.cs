using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Waypoints;

/// <summary>Whose traffic a waypoint takes.</summary>
internal enum WaypointTraffic { Service, Workload, All, None }

/// <summary>Which namespaces' objects may use a waypoint.</summary>
internal enum RouteOrigin { Same, All, Selector }

/// <summary>A gateway that has an address, as objects may use it. Equal by content but for the selector, which is compared by reference.</summary>
/// <param name="Binding">How its instances take connections themselves; null = they terminate tunnels.</param>
/// <param name="Selector">Of namespaces, for <see cref="RouteOrigin.Selector"/>.</param>
/// <param name="ServiceAccounts">Its instances run as one of these, in its namespace. Sorted.</param>
internal sealed record Waypoint(
    ObjectName Name, GatewayAddress Address, WaypointTraffic Traffic, ApplicationTunnel? Binding,
    RouteOrigin Origin, LabelSelector? Selector, EquatableArray<string> ServiceAccounts)
{
    public bool TakesServices => Traffic is WaypointTraffic.Service or WaypointTraffic.All;

    public bool TakesWorkloads => Traffic is WaypointTraffic.Workload or WaypointTraffic.All;
}
