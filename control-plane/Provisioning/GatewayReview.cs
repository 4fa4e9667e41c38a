using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>Why something is not done that was asked for, as a condition says it.</summary>
internal sealed record Refusal(string Reason, string Message);

/// <summary>What is to be said of one listener.</summary>
/// <param name="Unaccepted">Null for the one that takes tunnels.</param>
/// <param name="Conflict">Set on each of several that want the same.</param>
/// <param name="Kinds">Routes that it takes, of those that it asks for.</param>
/// <param name="Unresolved">It asks for kinds of routes that do not exist here.</param>
internal sealed record ListenerReview(GatewayListener Listener, Refusal? Unaccepted, Refusal? Conflict, IReadOnlyList<RouteKind> Kinds, Refusal? Unresolved)
{
    public bool IsUsable => Unaccepted is null && Conflict is null;
}

/// <summary>What the text of a gateway of ours says, and what of it cannot be done. Pure.</summary>
/// <param name="Refusal">The gateway is not run: what runs of it already is left as it is.</param>
/// <param name="Tunnels">The listener for tunnels; null if there is none.</param>
internal sealed record GatewayReview(Refusal? Refusal, IReadOnlyList<ListenerReview> Listeners, GatewayListener? Tunnels)
{
    private const string Hbone = "HBONE", Group = "gateway.networking.k8s.io";

    /// <summary>Kinds of routes that a waypoint knows; they attach to services, not to it.</summary>
    private static readonly RouteKind[] RouteKinds = [new() { Group = Group, Kind = "GRPCRoute" }, new() { Group = Group, Kind = "HTTPRoute" }, new() { Group = Group, Kind = "TCPRoute" }, new() { Group = Group, Kind = "TLSRoute" }];

    public static GatewayReview Of(Gateway gateway)
    {
        var listeners = (gateway.Spec?.Listeners ?? []).OfType<GatewayListener>().ToList();
        var reviews = listeners.Select(listener => Of(listener, listeners)).ToList();
        var tunnels = reviews.FirstOrDefault(static review => review.IsUsable)?.Listener;
        return new(RefusalOf(gateway, tunnels), reviews, tunnels);
    }

    private static Refusal? RefusalOf(Gateway gateway, GatewayListener? tunnels)
    {
        if (tunnels is null)
            return new("ListenersNotValid", $"A waypoint needs one listener with protocol {Hbone} on port {WaypointBuilder.HbonePort}; there is none that can be used.");
        if (gateway.Metadata.Label(MeshLabels.WaypointFor) is { } traffic and not ("service" or "workload" or "all" or "none"))
            return new("Invalid", $"The label {MeshLabels.WaypointFor} is {Findings.Quote(traffic)}; use service, workload, all or none.");
        if ((gateway.Spec?.Addresses ?? []).FirstOrDefault(static address => !IsUsable(address)) is { } address)
            return new("UnsupportedAddress", $"The address {Findings.Quote(address.Value)} of type {Findings.Quote(address.Type ?? "IPAddress")} cannot be used: "
                + "give IPAddress or Hostname with a value, or leave spec.addresses out to have the waypoint run and addressed.");
        return GatewayAnnotations.RefusalOf(gateway);
    }

    private static bool IsUsable(GatewayEndpoint? address) => address is { Value.Length: > 0 } && address.Type switch
    {
        null or "IPAddress" => System.Net.IPAddress.TryParse(address.Value, out _),
        "Hostname" => true,
        _ => false,
    };

    private static ListenerReview Of(GatewayListener listener, List<GatewayListener> all)
    {
        var wanted = listener.AllowedRoutes?.Kinds;
        var unknown = wanted?.FirstOrDefault(static kind => kind is null || !RouteKinds.Any(known => IsSame(known, kind)));
        return new(listener, UnacceptedOf(listener), ConflictOf(listener, all),
            [.. RouteKinds.Where(known => wanted is null || wanted.Any(kind => kind is not null && IsSame(known, kind)))],
            unknown is null ? null : new("InvalidRouteKinds", $"Routes of kind {Findings.Quote(unknown.Kind)} do not exist here; use HTTPRoute, GRPCRoute, TCPRoute or TLSRoute, or leave kinds out."));
    }

    private static bool IsSame(RouteKind known, RouteKind kind) => kind.Kind == known.Kind && (kind.Group ?? Group) == Group;

    private static Refusal? UnacceptedOf(GatewayListener listener)
    {
        if (listener.Protocol != Hbone)
            return new("UnsupportedProtocol", $"A waypoint listens with protocol {Hbone} on port {WaypointBuilder.HbonePort}, not with {Findings.Quote(listener.Protocol)}.");
        if (listener.Port != WaypointBuilder.HbonePort)
            return new("PortUnavailable", $"A waypoint listens on port {WaypointBuilder.HbonePort}, where its peers look for it, not on {listener.Port}.");
        if (listener.Hostname is { Length: > 0 } || listener.Tls is not null)
            return new("UnsupportedValue", "A waypoint takes tunnels for every host, with the mesh's own certificates; leave hostname and tls out.");
        return null;
    }

    private static Refusal? ConflictOf(GatewayListener listener, List<GatewayListener> all) =>
        all.Any(other => !ReferenceEquals(other, listener) && other.Port == listener.Port)
            ? new("ProtocolConflict", $"Several listeners want port {listener.Port}; none of them gets it.")
            : null;
}
