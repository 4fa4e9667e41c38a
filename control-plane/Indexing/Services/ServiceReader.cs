using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>Kubernetes Service → <see cref="ServiceFacts"/>. Pure; what cannot be used is left out and reported.</summary>
internal static class ServiceReader
{
    /// <returns>Null for a service that is only a DNS alias.</returns>
    public static ServiceFacts? Read(Kube.Service service, MeshSettings settings, Findings findings)
    {
        var spec = service.Spec ?? new();
        if (spec.Type == "ExternalName") return null;
        var name = ObjectName.Of(service);
        var distribution = TrafficDistribution.Of(
            spec.TrafficDistribution, service.Metadata.Annotation(MeshAnnotations.TrafficDistribution), findings);
        var isLocal = spec.InternalTrafficPolicy == "Local";
        return new()
        {
            Source = name,
            Hostnames = [HostnameOf(name, settings.Options)],
            Ports = PortsOf(spec, findings),
            Selector = LabelQuery.Of(spec.Selector),
            Vips = VipsOf(spec, settings.Network, findings),
            // Always an object of its own: the presets are shared, and one service's ALLOW_ALL is nobody else's.
            LoadBalancing = (isLocal ? TrafficDistribution.OnlySameNode : distribution ?? LoadBalancing.Default) with
            {
                HealthPolicy = spec.PublishNotReadyAddresses ? HealthPolicy.AllowAll : HealthPolicy.OnlyHealthy,
            },
            InheritsDistribution = !isLocal && distribution is null,
            IpFamilies = FamiliesOf(spec.IpFamilies),
            Created = service.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
        };
    }

    public static string HostnameOf(ObjectName service, IndexOptions options) => $"{service.Name}.{service.Namespace}.svc.{options.DomainSuffix}".ToLowerInvariant();

    /// <summary>True for a TCP port, which is what the mesh carries.</summary>
    public static bool IsTcp(string? protocol) => protocol is null or "" or "TCP";

    private static EquatableArray<PortFacts> PortsOf(ServiceSpec spec, Findings findings)
    {
        var ports = new List<PortFacts>();
        foreach (var (index, port) in (spec.Ports ?? []).Index())
        {
            if (port is null || !IsTcp(port.Protocol)) continue;
            var field = $"spec.ports[{index}]";
            if (Ports.Of(port.Port, $"{field}.port", findings) is not { } number) continue;
            if (port.TargetPort is { Text: { } targetName })
                ports.Add(new(port.Name ?? "", number, 0, targetName, AppProtocols.Of(port.AppProtocol, port.Name)));
            else if (Ports.Of(port.TargetPort?.Number is { } target and not 0 ? target : number, $"{field}.targetPort", findings) is { } targetNumber)
                ports.Add(new(port.Name ?? "", number, targetNumber, null, AppProtocols.Of(port.AppProtocol, port.Name)));
        }
        return ports.ToEquatableArray();
    }

    private static EquatableArray<NetworkAddress> VipsOf(ServiceSpec spec, string network, Findings findings)
    {
        var ips = spec.ClusterIPs is { Count: > 0 } several ? several : spec.ClusterIP is { Length: > 0 } one ? [one] : [];
        var vips = new List<NetworkAddress>();
        foreach (var ip in ips)
        {
            if (ip is "None" or "") continue;
            if (IpText.TryParse(ip, out var address)) vips.Add(new(network, address));
            else findings.Add("spec.clusterIPs", $"{Findings.Quote(ip)} is not an IP address; it is left out.", "See what the API server allocated.");
        }
        return vips.Distinct().ToEquatableArray();
    }

    private static IpFamilies FamiliesOf(IReadOnlyList<string>? families) =>
        (families?.Contains("IPv4") ?? false, families?.Contains("IPv6") ?? false) switch
        {
            (true, true) => IpFamilies.Dual,
            (true, false) => IpFamilies.IPv4Only,
            (false, true) => IpFamilies.IPv6Only,
            _ => IpFamilies.Automatic,
        };
}

/// <summary>Port numbers as objects have them.</summary>
internal static class Ports
{
    /// <returns>Null, reported, if it is not between 1 and 65535.</returns>
    public static ushort? Of(long number, string field, Findings findings)
    {
        if (number is > 0 and <= ushort.MaxValue) return (ushort)number;
        findings.Add(field, $"{number} is not a port; this port is left out.", "Use a number from 1 to 65535.");
        return null;
    }
}
