using System.Globalization;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Waypoints;

/// <summary>Gateway → <see cref="Waypoint"/>. Pure.</summary>
internal static class WaypointBuilder
{
    /// <summary>The port on which every waypoint takes tunnels.</summary>
    public const ushort HbonePort = 15008;

    /// <param name="class">The gateway's class; null if it is not known.</param>
    /// <param name="accounts">Service accounts of the pods that run it.</param>
    /// <returns>Null while it has no usable address: it is not ready.</returns>
    public static Waypoint? Build(Gateway gateway, GatewayClass? @class, IEnumerable<string> accounts, string network, Findings findings)
    {
        if (AddressOf(gateway, network, findings) is not { } address) return null;

        var (binding, bindingPort) = BindingOf(gateway, @class, findings);
        var namespaces = ListenerFor(gateway, binding, bindingPort)?.AllowedRoutes?.Namespaces;
        return new(
            ObjectName.Of(gateway), address, TrafficOf(gateway, @class, findings), binding,
            OriginOf(namespaces, findings), namespaces?.From == "Selector" ? namespaces.Selector : null,
            accounts.Append(ServiceAccountOf(gateway)).Distinct().Order(StringComparer.Ordinal).ToEquatableArray());
    }

    /// <summary>The account that a gateway's pods get unless somebody runs them by hand.</summary>
    public static string ServiceAccountOf(Gateway gateway) =>
        gateway.Metadata.Annotation(MeshAnnotations.GatewayServiceAccount) is { Length: > 0 } account && !account.Contains('/')
            ? account
            : gateway.Metadata.Name;

    private static GatewayAddress? AddressOf(Gateway gateway, string network, Findings findings)
    {
        var addresses = gateway.Status?.Addresses ?? [];
        // A host name follows the waypoint's service when that gets another IP.
        foreach (var address in addresses)
            if (address?.Type == "Hostname" && IsHost(address.Value))
                return new(new ServiceKey(gateway.Metadata.Namespace ?? "", address.Value.ToLowerInvariant()), HbonePort);
        foreach (var address in addresses)
            if (address?.Type is null or "IPAddress" && IpText.TryParse(address?.Value, out var ip))
                return new(new NetworkAddress(network, ip), HbonePort);
        if (addresses.Count > 0)
            findings.Add("status.addresses", $"None of {addresses.Count} addresses is an IP address or a host name; it is taken as not ready.",
                "See what the gateway's controller writes.");
        return null;
    }

    private static bool IsHost(string text) => text.Length is > 0 and <= 253 && !text.Contains('/');

    private static WaypointTraffic TrafficOf(Gateway gateway, GatewayClass? @class, Findings findings)
    {
        var label = gateway.Metadata.Label(MeshLabels.WaypointFor) ?? @class?.Metadata.Label(MeshLabels.WaypointFor);
        switch (label)
        {
            case null or "service": return WaypointTraffic.Service;
            case "workload": return WaypointTraffic.Workload;
            case "all": return WaypointTraffic.All;
            case "none": return WaypointTraffic.None;
        }
        findings.Add($"metadata.labels[{MeshLabels.WaypointFor}]", $"{Findings.Quote(label)} is not known; it takes no traffic.",
            "Use service, workload, all or none.");
        return WaypointTraffic.None;
    }

    private static RouteOrigin OriginOf(RouteNamespaces? namespaces, Findings findings)
    {
        switch (namespaces?.From)
        {
            case null or "Same": return RouteOrigin.Same;
            case "All": return RouteOrigin.All;
            case "Selector": return RouteOrigin.Selector;
        }
        findings.Add("spec.listeners.allowedRoutes.namespaces.from",
            $"{Findings.Quote(namespaces.From)} is not known; only its own namespace may use it.", "Use Same, All or Selector.");
        return RouteOrigin.Same;
    }

    /// <summary><c>NONE</c> or <c>PROXY</c>, and perhaps <c>/port</c>.</summary>
    private static (ApplicationTunnel? Tunnel, ushort? Port) BindingOf(Gateway gateway, GatewayClass? @class, Findings findings)
    {
        var text = gateway.Metadata.Annotation(MeshAnnotations.InboundBinding) ?? @class?.Metadata.Annotation(MeshAnnotations.InboundBinding);
        if (text is null) return default;

        var parts = text.Split('/');
        ushort? port = null;
        var portOk = parts.Length == 1 || (parts.Length == 2 && TryPort(parts[1], out port));
        if (portOk && parts[0] == "PROXY") return (new(ApplicationTunnelProtocol.Proxy, port), port);
        if (portOk && parts[0] == "NONE") return (port is null ? null : new(ApplicationTunnelProtocol.None, port), port);

        findings.Add($"metadata.annotations[{MeshAnnotations.InboundBinding}]", $"{Findings.Quote(text)} is not a binding; it is ignored.",
            "Use NONE or PROXY, with /port if it is not the destination's own, such as PROXY/15088.");
        return default;
    }

    private static bool TryPort(string text, out ushort? port)
    {
        var ok = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
        port = ok ? number : null;
        return ok;
    }

    private static GatewayListener? ListenerFor(Gateway gateway, ApplicationTunnel? binding, ushort? port)
    {
        var listeners = gateway.Spec?.Listeners ?? [];
        var bound = binding is null ? null : listeners.FirstOrDefault(listener => port is { } number
            ? listener?.Port == number
            : binding.Protocol == ApplicationTunnelProtocol.Proxy && listener?.Protocol is "PROXY" or "istio.io/PROXY");
        return bound ?? listeners.FirstOrDefault(static listener => listener is { Protocol: "HBONE", Port: HbonePort });
    }
}
