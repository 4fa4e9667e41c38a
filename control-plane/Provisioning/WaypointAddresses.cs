using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>Where a waypoint is reached: by the name of its Service, and its addresses. Pure.</summary>
internal static class WaypointAddresses
{
    /// <param name="service">Null if it is not there.</param>
    /// <param name="type">Of those to tell; empty for all.</param>
    /// <returns>Nothing as long as it has no address; it never gets one if it is headless.</returns>
    public static IReadOnlyList<GatewayEndpoint> Of(ObjectName name, UnstructuredObject? service, string domain, string type = "")
    {
        var addresses = (service?.Fields?["spec"]?["clusterIPs"]?.AsArray() ?? []).Select(static address => (string?)address).ToList();
        if (addresses is [] or [null or "" or "None", ..]) return [];
        GatewayEndpoint[] all =
        [
            new() { Type = "Hostname", Value = $"{name.Name}.{name.Namespace}.svc.{domain}" },
            .. addresses.Select(static address => new GatewayEndpoint { Type = "IPAddress", Value = address ?? "" }),
        ];
        return [.. all.Where(address => type.Length == 0 || address.Type == type)];
    }
}
