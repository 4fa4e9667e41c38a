using System.Net;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Workloads;

/// <summary>Pod → workload. Pure.</summary>
internal static class PodWorkload
{
    /// <returns>Null for a pod that has ended, has no IP yet, or has one that cannot be read.</returns>
    public static Workload? Build(Pod pod, Surroundings around, Findings findings)
    {
        if (IsOver(pod) || AddressesOf(pod, findings) is not { IsEmpty: false } addresses) return null;

        var workloadName = WorkloadNames.OfPod(pod);
        var isNative = TunnelLabel.SaysHttp(pod.Metadata.Label(MeshLabels.Tunnel));
        var network = around.Settings.Network;
        return new()
        {
            Uid = UidOf(around.ClusterId, ObjectName.Of(pod)),
            Name = pod.Metadata.Name,
            Namespace = pod.Metadata.Namespace ?? "",
            Addresses = addresses,
            Network = network,
            NetworkGateway = around.GatewayTo(network),
            Protocol = isNative || MeshAnnotations.IsClosed(pod.Metadata) ? TunnelProtocol.Hbone : TunnelProtocol.None,
            NativeTunnel = isNative,
            TrustDomain = around.TrustDomain,
            ServiceAccount = pod.Spec?.ServiceAccountName ?? "",
            Waypoint = around.InstanceOf is null ? around.Waypoint?.Address : null,
            ApplicationTunnel = around.InstanceOf?.Binding,
            Node = pod.Spec?.NodeName ?? "",
            ClusterId = around.ClusterId,
            Type = WorkloadType.Pod,
            WorkloadName = workloadName,
            CanonicalName = WorkloadNames.CanonicalName(pod.Metadata.Label, workloadName),
            CanonicalRevision = WorkloadNames.CanonicalRevision(pod.Metadata.Label),
            AuthorizationPolicies = around.Policies,
            Services = around.Services,
            Status = IsReady(pod) ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy,
            Locality = around.Locality,
            NetworkMode = pod.Spec?.HostNetwork == true ? NetworkMode.HostNetwork : NetworkMode.Standard,
        };
    }

    public static string UidOf(string clusterId, ObjectName name) => $"{clusterId}//Pod/{name.Namespace}/{name.Name}";

    public static bool IsOver(Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    // A pod that is going away gets no new connections, though it may answer until its end.
    private static bool IsReady(Pod pod) => pod.Metadata.DeletionTimestamp is null
        && (pod.Status?.Conditions ?? []).Any(static condition => condition is { Type: "Ready", Status: "True" });

    private static EquatableArray<IPAddress>? AddressesOf(Pod pod, Findings findings)
    {
        IEnumerable<string?> texts = pod.Status?.PodIPs is { Count: > 0 } several
            ? several.Select(static ip => ip?.Ip)
            : pod.Status?.PodIP is { Length: > 0 } one ? [one] : [];
        var addresses = new List<IPAddress>();
        foreach (var text in texts)
        {
            if (IpText.TryParse(text, out var address))
            {
                addresses.Add(address);
                continue;
            }
            findings.Add("status.podIPs", $"{Findings.Quote(text)} is not an IP address; the pod is left out of the mesh.", "See what its CNI plugin reported.");
            return null;
        }
        return addresses.ToEquatableArray();
    }
}

/// <summary>The label by which a workload says that it terminates tunnels itself: words separated by commas.</summary>
internal static class TunnelLabel
{
    public static bool SaysHttp(string? label) => label is not null && label.Split(',').Any(static word => word.Trim() == "http");
}
