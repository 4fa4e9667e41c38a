using System.Diagnostics.CodeAnalysis;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Kube = Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>Istio ServiceEntry → <see cref="ServiceFacts"/>. Pure; what cannot be used is left out and reported.</summary>
internal static class ServiceEntryReader
{
    public const int MostHosts = 256;
    private const int MostAddresses = 1024;

    public static ServiceFacts Read(Kube.ServiceEntry entry, MeshSettings settings, Findings findings)
    {
        var spec = entry.Spec ?? new();
        var resolution = spec.Resolution is { Length: > 0 } given ? given : "NONE";
        var (vips, ranges) = AddressesOf(spec, settings.Network, findings);
        var distribution = TrafficDistribution.Of(null, entry.Metadata.Annotation(MeshAnnotations.TrafficDistribution), findings);
        return new()
        {
            Source = ObjectName.Of(entry),
            IsEntry = true,
            Hostnames = HostsOf(spec, findings),
            Ports = PortsOf(spec, findings),
            Selector = LabelQuery.Of(spec.WorkloadSelector?.Labels),
            Vips = vips,
            CidrVips = ranges,
            Allocated = AllocatedHosts.MayHave(entry, settings.Options) ? AllocatedOf(entry, settings.Network) : default,
            LoadBalancing = resolution == "NONE"
                ? new() { Mode = LoadBalancingMode.Passthrough, HealthPolicy = HealthPolicy.AllowAll }
                : distribution ?? LoadBalancing.Default,
            InheritsDistribution = resolution != "NONE" && distribution is null,
            SubjectAltNames = (spec.SubjectAltNames ?? []).Where(static name => name is { Length: > 0 }).ToEquatableArray(),
            Resolution = resolution,
            Created = entry.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
        };
    }

    private static EquatableArray<string> HostsOf(ServiceEntrySpec spec, Findings findings)
    {
        var hosts = spec.Hosts ?? [];
        if (hosts.Count > MostHosts)
            findings.Add("spec.hosts", $"{hosts.Count} hosts; the first {MostHosts} are used.", "Split the ServiceEntry.");
        var good = new List<string>();
        foreach (var (index, host) in hosts.Take(MostHosts).Index())
        {
            if (HostNames.IsHost(host)) good.Add(host.ToLowerInvariant());
            else findings.Add($"spec.hosts[{index}]", $"{Findings.Quote(host)} is not a host name; it is left out.",
                "Use a DNS name of at most 253 characters, perhaps with *. in front.");
        }
        return good.Distinct().ToEquatableArray();
    }

    private static EquatableArray<PortFacts> PortsOf(ServiceEntrySpec spec, Findings findings)
    {
        var ports = new List<PortFacts>();
        foreach (var (index, port) in (spec.Ports ?? []).Index())
        {
            if (port is null || port.Protocol?.ToUpperInvariant() == "UDP") continue;
            if (Ports.Of(port.Number, $"spec.ports[{index}].number", findings) is not { } number) continue;
            var target = port.TargetPort is { } given and not 0 ? given : number;
            if (Ports.Of(target, $"spec.ports[{index}].targetPort", findings) is { } targetNumber)
                ports.Add(new(port.Name ?? "", number, targetNumber, null, AppProtocols.Of(port.Protocol, port.Name)));
        }
        return ports.ToEquatableArray();
    }

    private static (EquatableArray<NetworkAddress>, EquatableArray<NetworkPrefix>) AddressesOf(
        ServiceEntrySpec spec, string network, Findings findings)
    {
        var (vips, ranges) = (new List<NetworkAddress>(), new List<NetworkPrefix>());
        var addresses = spec.Addresses ?? [];
        if (addresses.Count > MostAddresses)
            findings.Add("spec.addresses", $"{addresses.Count} addresses; the first {MostAddresses} are used.", "Use ranges such as 10.0.0.0/8.");
        foreach (var (index, text) in addresses.Take(MostAddresses).Index())
        {
            if (IpText.TryParse(text, out var address)) vips.Add(new(network, address));
            else if (IpPrefix.TryParse(text, out var range)) ranges.Add(new(network, range));
            else findings.Add($"spec.addresses[{index}]", $"{Findings.Quote(text)} is not an IP address or range; it is left out.",
                "Write it as 10.0.0.1 or 10.0.0.0/8.");
        }
        return (vips.Distinct().ToEquatableArray(), ranges.Distinct().ToEquatableArray());
    }

    private static EquatableArray<(string, NetworkAddress)> AllocatedOf(Kube.ServiceEntry entry, string network)
    {
        var allocated = new List<(string, NetworkAddress)>();
        foreach (var given in entry.Status?.Addresses ?? [])
            if (given is not null && IpText.TryParse(given.Value, out var address))
                allocated.Add((given.Host?.ToLowerInvariant() ?? "", new(network, address)));
        return allocated.ToEquatableArray();
    }
}

internal static class HostNames
{
    /// <summary>A DNS name, or a wildcard of one (<c>*.example.com</c>), or <c>*</c>.</summary>
    public static bool IsHost([NotNullWhen(true)] string? text)
    {
        if (text is not { Length: > 0 and <= 253 }) return false;
        if (text == "*") return true;
        var name = text.StartsWith("*.", StringComparison.Ordinal) ? text.AsSpan(2) : text;
        foreach (var range in name.Split('.'))
            if (!IsLabel(name[range])) return false;
        return true;
    }

    private static bool IsLabel(ReadOnlySpan<char> label)
    {
        if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-') return false;
        foreach (var c in label)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) return false;
        return true;
    }
}
