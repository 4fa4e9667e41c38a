using System.Net;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Scale;

/// <summary>A mesh of any size with names as long as real ones.</summary>
internal sealed class SyntheticMesh(ScaleOptions options)
{
    public IEnumerable<ResourceDelta> All()
    {
        foreach (var chunk in Enumerable.Range(0, options.Services).Chunk(1000)) yield return new() { Services = [.. chunk.Select(ServiceOf)] };
        foreach (var chunk in Enumerable.Range(0, options.Workloads).Chunk(1000)) yield return new() { Workloads = [.. chunk.Select(number => Pod(number, 0))] };
    }

    public Service ServiceOf(int number) => new()
    {
        Name = $"service-{number}",
        Namespace = Namespace(number),
        Hostname = $"service-{number}.{Namespace(number)}.svc.cluster.local",
        Vips = [new("", Address(10 << 24 | 96 << 16, number))],
        Ports = new(new PortMapping(80, 8080), new PortMapping(443, 8443)),
    };

    public Workload Pod(int number, int generation)
    {
        var service = number % options.Services;
        return new()
        {
            Uid = $"Kubernetes//Pod/{Namespace(service)}/service-{service}-7c9f8d6b5-{number:x8}",
            Name = $"service-{service}-7c9f8d6b5-{number:x8}",
            Namespace = Namespace(service),
            TrustDomain = "cluster.local",
            ServiceAccount = $"service-{service}",
            ClusterId = "Kubernetes",
            Addresses = [Address(10 << 24 | 128 << 16, number)],
            Protocol = TunnelProtocol.Hbone,
            Node = $"ip-10-0-{number % options.Nodes / 250}-{number % options.Nodes % 250}.eu-central-1.compute.internal",
            CanonicalName = $"service-{service}",
            CanonicalRevision = generation % 2 == 0 ? "latest" : "v2",
            WorkloadName = $"service-{service}",
            Locality = new("eu-central-1", "eu-central-1a", ""),
            Services = [new(new(Namespace(service), $"service-{service}.{Namespace(service)}.svc.cluster.local"), new(new PortMapping(80, 8080), new PortMapping(443, 8443)))],
        };
    }

    private static string Namespace(int service) => $"team-{service % 400}";

    private static IPAddress Address(int start, int number) => new(BitConverter.GetBytes(IPAddress.HostToNetworkOrder(start + number)));
}
