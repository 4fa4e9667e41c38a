using System.Net;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Workloads;

/// <summary>Endpoint of a slice that is no pod → workload: an address, and nothing known about who is there. Pure.</summary>
internal static class SliceWorkload
{
    /// <param name="ports">Of the slice's service.</param>
    public static Workload? Build(EndpointSlice slice, SliceEndpoint endpoint, ServiceKey service, PortMap ports, Surroundings around, Findings findings)
    {
        var addresses = new List<IPAddress>();
        foreach (var text in endpoint.Addresses ?? [])
        {
            if (IpText.TryParse(text, out var address)) addresses.Add(address);
            else findings.Add("endpoints.addresses", $"{Findings.Quote(text)} is not an IP address; the endpoint is left out.", "Correct the slice.");
        }
        if (addresses.Count == 0 || addresses.Count != endpoint.Addresses!.Count) return null;

        return new()
        {
            Uid = $"{around.ClusterId}/discovery.k8s.io/EndpointSlice/{ObjectName.Of(slice)}/{endpoint.Addresses![0]}",
            Name = slice.Metadata.Name,
            Namespace = slice.Metadata.Namespace ?? "",
            Addresses = addresses.ToEquatableArray(),
            Network = around.Settings.Network,
            NetworkGateway = around.GatewayTo(around.Settings.Network),
            TrustDomain = around.TrustDomain,
            ClusterId = around.ClusterId,
            Type = WorkloadType.Pod,
            WorkloadName = slice.Metadata.Name,
            CanonicalName = slice.Metadata.Name,
            CanonicalRevision = "latest",
            Services = [new(service, ports)],
            Status = endpoint.Conditions?.Ready ?? true ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy,
            // The address may be a node's or anybody's: never take it for this workload's own.
            NetworkMode = NetworkMode.HostNetwork,
        };
    }

    public static bool IsPod(SliceEndpoint? endpoint) => endpoint?.TargetRef is { Kind: "Pod" };
}
