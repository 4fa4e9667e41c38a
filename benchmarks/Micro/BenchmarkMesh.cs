using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Benchmarks;

/// <summary>A mesh of a given size: a service for every ten workloads, twenty services to a namespace.</summary>
internal static class BenchmarkMesh
{
    private const int WorkloadsPerService = 10, ServicesPerNamespace = 20;

    public static MeshState Build(int workloads, params NamedPolicy[] policies)
    {
        var state = new MeshState();
        state.Apply(new()
        {
            Workloads = [.. Enumerable.Range(0, workloads).Select(WorkloadAt)],
            Services = [.. Enumerable.Range(0, (workloads + WorkloadsPerService - 1) / WorkloadsPerService).Select(ServiceAt)],
            Policies = policies,
        });
        return state;
    }

    public static IPAddress AddressOf(int workload) => new([10, (byte)(workload >> 16), (byte)(workload >> 8), (byte)workload]);

    public static IPAddress VipOf(int service) => new([172, (byte)(16 + (service >> 16)), (byte)(service >> 8), (byte)service]);

    public static string NamespaceOf(int service) => $"ns{service / ServicesPerNamespace}";

    public static string HostOf(int service) => $"svc{service}.{NamespaceOf(service)}.svc.cluster.local";

    public static Workload WorkloadAt(int number)
    {
        var service = number / WorkloadsPerService;
        return new()
        {
            Uid = $"cluster1//Pod/{NamespaceOf(service)}/pod{number}", Name = $"pod{number}", Namespace = NamespaceOf(service),
            Addresses = [AddressOf(number)], Protocol = TunnelProtocol.Hbone, TrustDomain = "cluster.local", ServiceAccount = $"sa{service}",
            CanonicalName = $"svc{service}", CanonicalRevision = "v1",
            Services = [new(new(NamespaceOf(service), HostOf(service)), default)],
        };
    }

    private static Service ServiceAt(int number) => new()
    {
        Name = $"svc{number}", Namespace = NamespaceOf(number), Hostname = HostOf(number), Vips = [new NetworkAddress("", VipOf(number))],
        Ports = new(new PortMapping(80, 8080)),
    };
}
