using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>
/// Ways into other networks, and into this one, as Gateways of this cluster describe them. Other clusters are not watched, so
/// their own gateways are known only if a Gateway of class <c>istio-remote</c> stands for them here.
/// </summary>
internal sealed class NetworkGateways(MeshGraph graph)
{
    private const string EastWest = "istio-east-west", Remote = "istio-remote";

    private readonly Dictionary<ObjectName, Known> _known = [];
    private Dictionary<string, GatewayAddress> _byNetwork = [];
    private Workload[] _published = [];
    private bool _changed;

    private sealed record Known(string Network, GatewayAddress Address, string ServiceAccount, DateTimeOffset Created);

    /// <summary>The first of that network's gateways; null if there is none.</summary>
    public GatewayAddress? To(string network) => _byNetwork.GetValueOrDefault(network);

    /// <param name="gateway">Null if it is gone or not seen.</param>
    public void Replace(GatewayNode node, Gateway? gateway)
    {
        if (!graph.Settings.Options.MultiNetwork) return;
        var known = gateway is null ? null : Read(gateway);
        if (Equals(known, _known.GetValueOrDefault(node.Name)) && !_changed) return;
        _changed = true;
        if (known is null) _known.Remove(node.Name);
        else _known[node.Name] = known;
    }

    public void Rebuild()
    {
        if (!graph.Settings.Options.MultiNetwork) return;
        if (!_changed && _published.All(workload => workload.TrustDomain == graph.Settings.Config.TrustDomain)) return;
        _changed = false;
        var ordered = _known.OrderBy(static entry => entry.Value.Created)
            .ThenBy(static entry => entry.Key.ToString(), StringComparer.Ordinal).ToList();
        _byNetwork = ordered.GroupBy(static entry => entry.Value.Network).ToDictionary(static group => group.Key, static group => group.First().Value.Address);
        Workload[] next = [.. ordered.Select(entry => ToWorkload(entry.Key, entry.Value)).DistinctBy(static workload => workload.Uid)];
        graph.Log.Replace(_published, next);
        _published = next;
        foreach (var ns in graph.Namespaces.Values)
            foreach (var workload in ns.Workloads) graph.Queue.Add(workload);
    }

    private static Known? Read(Gateway gateway)
    {
        var className = gateway.Spec?.GatewayClassName;
        if (className is not (EastWest or Remote) || gateway.Metadata.Label(MeshLabels.Network) is not { Length: > 0 } network) return null;
        var listener = gateway.Spec!.Listeners?.FirstOrDefault(static listener => listener?.Protocol == "HBONE" && listener.Tls?.Mode is null or "Terminate");
        if (listener is null || network.Contains('/') || listener.Port is < 0 or > ushort.MaxValue) return null;

        var port = listener.Port == 0 ? WaypointBuilder.HbonePort : (ushort)listener.Port;
        // A gateway elsewhere is described by hand; ours has the address that its controller gave it.
        var addresses = className == Remote ? gateway.Spec.Addresses : gateway.Status?.Addresses;
        var account = className == Remote && gateway.Metadata.Annotation(MeshAnnotations.GatewayServiceAccount) is null
            ? $"{gateway.Metadata.Name}-istio-remote"
            : WaypointBuilder.ServiceAccountOf(gateway);
        return AddressOf(addresses, network, gateway.Metadata.Namespace ?? "", port) is { } address
            ? new(network, address, account, gateway.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue)
            : null;
    }

    private static GatewayAddress? AddressOf(IReadOnlyList<GatewayEndpoint>? addresses, string network, string ns, ushort port)
    {
        foreach (var address in addresses ?? [])
        {
            if (address is null) continue;
            if (address.Type is null or "IPAddress" && IpText.TryParse(address.Value, out var ip)) return new(new NetworkAddress(network, ip), port);
            if (address.Type == "Hostname" && Services.HostNames.IsHost(address.Value)) return new(new ServiceKey(ns, address.Value.ToLowerInvariant()), port);
        }
        return null;
    }

    private Workload ToWorkload(ObjectName name, Known known)
    {
        var address = known.Address.Address?.Address;
        var text = address?.ToString() ?? known.Address.Host!.Value.Hostname;
        return new()
        {
            Uid = $"NetworkGateway/{known.Network}/{text}/{known.Address.HbonePort}",
            Name = name.Name,
            Namespace = name.Namespace,
            Addresses = address is null ? default : [address],
            Hostname = address is null ? text : "",
            Network = known.Network,
            TrustDomain = graph.Settings.Config.TrustDomain,
            ServiceAccount = known.ServiceAccount,
            ClusterId = graph.Settings.Options.ClusterId,
            Protocol = TunnelProtocol.Hbone,
            Type = WorkloadType.Pod,
            WorkloadName = name.Name,
            CanonicalName = name.Name,
            CanonicalRevision = "latest",
        };
    }
}
