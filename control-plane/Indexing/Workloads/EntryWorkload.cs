using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Workloads;

/// <summary>WorkloadEntry, or an endpoint written in a ServiceEntry → workload. Pure.</summary>
internal static class EntryWorkload
{
    public static Workload? OfWorkloadEntry(WorkloadEntry entry, Surroundings around, Findings findings)
    {
        var meta = entry.Metadata;
        var name = meta.Annotation(MeshAnnotations.RegistrationGroup) is { Length: > 0 } group ? group
            : meta.Label(MeshLabels.WorkloadName) is { Length: > 0 } label ? label : meta.Name;
        return Build(entry.Spec ?? new(), $"{around.ClusterId}/networking.istio.io/WorkloadEntry/{ObjectName.Of(entry)}", meta,
            label => LabelOf(entry, label), name, around, "spec", findings);
    }

    /// <param name="endpoint">Of the entry, or one that stands for a host whose address is its name.</param>
    public static Workload? OfEndpoint(ServiceEntry entry, WorkloadEntrySpec endpoint, Surroundings around, string field, Findings findings) =>
        Build(endpoint, $"{around.ClusterId}/networking.istio.io/ServiceEntry/{ObjectName.Of(entry)}/{endpoint.Address}", entry.Metadata,
            entry.Metadata.Label, entry.Metadata.Name, around, field, findings);

    /// <summary>Labels stand in the metadata, in the spec, or in both; the spec's are for selectors.</summary>
    public static string? LabelOf(WorkloadEntry entry, string key) => LabelsOf(entry)?.GetValueOrDefault(key);

    public static IReadOnlyDictionary<string, string>? LabelsOf(WorkloadEntry entry)
    {
        var (own, inner) = (entry.Metadata.Labels, entry.Spec?.Labels);
        if (inner is not { Count: > 0 }) return own;
        if (own is not { Count: > 0 }) return inner;
        var all = new Dictionary<string, string>(own);
        foreach (var (key, value) in inner) all[key] = value;
        return all;
    }

    private static Workload? Build(WorkloadEntrySpec spec, string uid, ObjectMeta meta, Func<string, string?> label, string workloadName,
        Surroundings around, string field, Findings findings)
    {
        var network = spec.Network is { Length: > 0 } given ? given : around.Settings.Network;
        if (!IsSound(spec, network, field, findings)) return null;

        var isNative = TunnelLabel.SaysHttp(label(MeshLabels.Tunnel));
        var isAddress = IpText.TryParse(spec.Address, out var address);
        var gateway = around.GatewayTo(network);
        if (spec.Address is not { Length: > 0 } && gateway is null)
        {
            findings.Add($"{field}.address", "There is no address, nor a gateway to its network; it is left out.", "Set an IP address or a host name.");
            return null;
        }
        return new()
        {
            Uid = uid,
            Name = meta.Name,
            Namespace = meta.Namespace ?? "",
            Addresses = isAddress ? [address!] : default,
            Hostname = isAddress ? "" : spec.Address?.ToLowerInvariant() ?? "",
            Network = network,
            NetworkGateway = gateway,
            Protocol = isNative || MeshAnnotations.IsClosed(meta) ? TunnelProtocol.Hbone : TunnelProtocol.None,
            NativeTunnel = isNative,
            TrustDomain = around.TrustDomain,
            ServiceAccount = spec.ServiceAccount ?? "",
            Waypoint = around.Waypoint?.Address,
            ClusterId = around.ClusterId,
            Type = WorkloadType.Pod,
            WorkloadName = workloadName,
            CanonicalName = WorkloadNames.CanonicalName(label, workloadName),
            CanonicalRevision = WorkloadNames.CanonicalRevision(label),
            AuthorizationPolicies = around.Policies,
            Services = around.Services,
            Status = WorkloadStatus.Healthy,
            Locality = LocalityOf(spec.Locality),
            Capacity = spec.Weight is { } weight and > 0 ? (uint)Math.Min(weight, uint.MaxValue) : 1,
        };
    }

    private static bool IsSound(WorkloadEntrySpec spec, string network, string field, Findings findings)
    {
        if (spec.Address is { Length: > 0 } text && !IpText.TryParse(text, out _) && !HostNames.IsHost(text))
            return Refuse($"{field}.address", text, "is neither an IP address nor a host name", "Write it as 10.0.0.1 or db.example.com.", findings);
        if (network.Contains('/') || network.Length > 253)
            return Refuse($"{field}.network", network, "has a '/' or more than 253 characters", "Use the name of a network.", findings);
        if (spec.ServiceAccount is { } account && (account.Contains('/') || account.Length > 253))
            return Refuse($"{field}.serviceAccount", account, "has a '/' or more than 253 characters", "Use the name alone.", findings);
        return true;
    }

    private static bool Refuse(string field, string value, string problem, string nextStep, Findings findings)
    {
        findings.Add(field, $"{Findings.Quote(value)} {problem}; it is left out.", nextStep);
        return false;
    }

    private static Locality LocalityOf(string? text)
    {
        var parts = (text ?? "").Split('/');
        return new(parts[0], parts.Length > 1 ? parts[1] : "", parts.Length > 2 ? parts[2] : "");
    }
}
