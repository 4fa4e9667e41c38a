namespace Ambient.ControlPlane.Indexing.Waypoints;

/// <summary>Who runs waypoints: values of a GatewayClass's <c>controllerName</c>.</summary>
internal static class WaypointControllers
{
    /// <summary>This control plane.</summary>
    public const string Ours = "ambient.mesh/waypoint-controller";

    /// <summary>The established one: its waypoints are not run by us, but used.</summary>
    public const string Stock = "istio.io/mesh-controller";

    public static bool RunsWaypoints(string controllerName) => controllerName is Ours or Stock;
}
