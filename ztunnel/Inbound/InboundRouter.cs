using System.Net;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Connections;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Outbound;

namespace Ambient.Ztunnel.Inbound;

/// <summary>Decides where a connection that enters a pod goes. Pure. Policies are asked afterwards, about the result.</summary>
/// <param name="network">The network this node is in.</param>
/// <param name="proxyPorts">The proxy's own ports in each pod.</param>
internal sealed class InboundRouter(string network, EquatableArray<ushort> proxyPorts)
{
    public InboundDecision Route(InboundRequest request, MeshSnapshot mesh)
    {
        if (!IsOurs(request, mesh))
            return Refuse(ReasonCode.NotOurDestination, $"{request.Target} asked of {request.LocalAddress}");

        var (port, service, refusal) = FindPort(request, mesh);
        if (refusal is not null) return refusal;
        if (proxyPorts.Contains(port)) return Refuse(ReasonCode.LoopDetected, $"port {port}");

        return request.Local.ApplicationTunnel is { } tunnel
            ? IntoTunnel(request, mesh, tunnel, port, service)
            : new InboundRoute(new(request.LocalAddress, port), GuessService(request, mesh, port, service), null);
    }

    /// <summary>Refuses plaintext that leads back into the proxy; null lets it pass.</summary>
    public Refusal? RefusePlaintext(IPEndPoint destination) =>
        proxyPorts.Contains((ushort)destination.Port) ? Refuse(ReasonCode.LoopDetected, destination.ToString()) : null;

    /// <summary>Which of the pod's services a connection probably meant; for telemetry only.</summary>
    public static Service? GuessService(MeshSnapshot mesh, Workload local, ushort port, string? forwardedHost)
    {
        Service? byPort = null;
        foreach (var membership in local.Services)
        {
            if (mesh.FindService(membership.Service)?.Service is not { } service) continue;
            if (service.Hostname == forwardedHost) return service;
            if (service.Ports.HasTarget(port) || membership.Ports.HasTarget(port)) byPort ??= service;
        }
        return byPort;
    }

    private static Service? GuessService(InboundRequest request, MeshSnapshot mesh, ushort port, Service? named)
    {
        if (named is null) return GuessService(mesh, request.Local, port, request.ForwardedHost);
        var ports = request.Local.MembershipIn(named.Key)?.Ports ?? default;
        return named.Hostname == request.ForwardedHost || named.Ports.HasTarget(port) || ports.HasTarget(port) ? named : null;
    }

    /// <summary>The pod's own address, anything for an application that takes tunnels, or what the pod is the waypoint of.</summary>
    private bool IsOurs(InboundRequest request, MeshSnapshot mesh)
    {
        if (request.Target.Address is not { } address) return true;
        if (address.Equals(request.LocalAddress) || request.Local.ApplicationTunnel is not null) return true;

        var meant = mesh.Find(new NetworkAddress(network, address), clientNamespace: null);
        if (meant.Workload is { } workload) return IsUs(workload.Waypoint, request, mesh);
        if (meant.Service?.Service is not { } service) return false;
        if (IsUs(service.Waypoint, request, mesh)) return true;
        // Also one of weight 0: its last connections may still be on their way.
        foreach (var weighted in service.WeightedWaypoints)
            if (IsUs(weighted.Destination, request, mesh)) return true;
        return false;
    }

    private static bool IsUs(GatewayAddress? waypoint, InboundRequest request, MeshSnapshot mesh)
    {
        if (waypoint is null) return false;
        var found = waypoint.Host is { } host ? mesh.Find(host) : mesh.FindServiceFirst(waypoint.Address!.Value, null);
        return found.Service?.FindEndpoint(request.Local.Uid) is not null || found.Workload?.Owns(request.LocalAddress) == true;
    }

    private static (ushort Port, Service? Service, Refusal? Refusal) FindPort(InboundRequest request, MeshSnapshot mesh)
    {
        var (host, port) = (request.Target.Host, request.Target.Port);
        if (host is null) return (port, null, null);
        if (mesh.FindService(host, request.Local.Namespace) is not { } entry) return (0, null, Refuse(ReasonCode.UnknownHost, host));

        var endpoint = entry.FindEndpoint(request.Local.Uid);
        if (endpoint is not null && endpoint.Ports.TryGetTarget(port, out var own)) return (own, entry.Service, null);
        if (entry.Service.Ports.TryGetTarget(port, out var common) && common > 0) return (common, entry.Service, null);
        return (0, null, Refuse(ReasonCode.NoTargetPort, request.Target.ToString()));
    }

    private InboundDecision IntoTunnel(
        InboundRequest request, MeshSnapshot mesh, ApplicationTunnel tunnel, ushort port, Service? service)
    {
        if (TunnelTarget(request.Target, service) is not { } target)
            return Refuse(ReasonCode.NoUsableAddress, $"{request.Target} has no virtual IP to tell the application");
        port = tunnel.Port ?? port;
        if (proxyPorts.Contains(port)) return Refuse(ReasonCode.LoopDetected, $"port {port}");
        return new InboundRoute(
            new(request.LocalAddress, port),
            GuessService(request, mesh, port, service),
            tunnel.Protocol == ApplicationTunnelProtocol.Proxy ? target : null);
    }

    // The PROXY protocol has no room for a host name: an address of the service stands for it.
    private IPEndPoint? TunnelTarget(Authority target, Service? service)
    {
        if (target.Address is { } address) return new(address, target.Port);
        NetworkAddress? best = null;
        foreach (var vip in service?.Vips ?? default)
            if (best is null || Preference(vip) > Preference(best.Value)) best = vip;
        return best is null ? null : new(best.Value.Address, target.Port);
    }

    private int Preference(NetworkAddress vip) => (vip.Network == network ? 2 : 0) + (vip.IsIPv6 ? 0 : 1);

    private static Refusal Refuse(ReasonCode code, string detail) => new(code, detail);
}
