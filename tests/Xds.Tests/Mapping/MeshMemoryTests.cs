using Ambient.Model.State;
using Ambient.Xds.Client;
using Ambient.Xds.Mapping;
using Google.Protobuf;
using Wire = Ambient.Protos.Workloads;

namespace Ambient.Xds.Tests.Mapping;

/// <summary>What a proxy holds for each workload of a large mesh, its services and the versions of all included.</summary>
/// <remarks>Alone: the heap is that of the whole process.</remarks>
[Collection(nameof(MeshMemoryTests))]
[CollectionDefinition(nameof(MeshMemoryTests), DisableParallelization = true)]
public sealed class MeshMemoryTests
{
    private const int Workloads = 20_000, Services = Workloads / 5, AtOnce = 1000, Bytes = 280;

    [Fact]
    public void A_workload_costs_a_bounded_number_of_bytes()
    {
        Fill(new MeshState("node-1"), new SharedValues(), new HeldVersions(), AtOnce); // what is made once is made now
        var (state, pool, versions) = (new MeshState("node-1"), new SharedValues(), new HeldVersions());
        var before = GC.GetTotalMemory(forceFullCollection: true);

        Fill(state, pool, versions, Workloads);

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Workloads;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes");
        Assert.Equal((Workloads, Services), (state.Current.WorkloadCount, state.Current.ServiceCount));
        Assert.InRange(each, 1, Bytes);
        GC.KeepAlive((pool, versions));
    }

    private static void Fill(MeshState state, SharedValues pool, HeldVersions versions, int workloads)
    {
        for (var first = 0; first < workloads; first += AtOnce)
            state.Apply(new() { Workloads = [.. Enumerable.Range(first, AtOnce).Select(i => WorkloadMapping.ToModel(WorkloadOf(i), pool))] });
        for (var first = 0; first < workloads / 5; first += AtOnce / 5)
            state.Apply(new() { Services = [.. Enumerable.Range(first, AtOnce / 5).Select(i => ServiceMapping.ToModel(ServiceOf(i), pool))] });
        for (var i = 0; i < workloads; i++) versions.Set(WorkloadOf(i).Uid, $"{i:x16}");
        for (var i = 0; i < workloads / 5; i++) versions.Set(ServiceOf(i).Hostname, $"{i:x16}");
    }

    private static string NamespaceOf(int service) => $"team-{service % 80}";

    private static string HostOf(int service) => $"service-{service}.{NamespaceOf(service)}.svc.cluster.local";

    private static Wire.Workload WorkloadOf(int i)
    {
        var (service, name) = (i % Services, $"service-{i % Services}-7c9f8d6b5-{i:x5}");
        var wire = new Wire.Workload
        {
            Uid = $"Kubernetes//Pod/{NamespaceOf(service)}/{name}", Name = name, Namespace = NamespaceOf(service), ServiceAccount = "default", Node = $"node-{i % 100}",
            TunnelProtocol = Wire.TunnelProtocol.Hbone, WorkloadName = $"service-{service}", CanonicalName = $"service-{service}", CanonicalRevision = "v1",
            Locality = new() { Region = "eu-central-1", Zone = $"eu-central-1{(char)('a' + (i % 100 % 3))}" },
        };
        wire.Addresses.Add(ByteString.CopyFrom(10, (byte)(i >> 16), (byte)(i >> 8), (byte)i));
        wire.Services.Add($"{NamespaceOf(service)}/{HostOf(service)}", new() { Ports = { Ports() } });
        return wire;
    }

    private static Wire.Service ServiceOf(int i)
    {
        var wire = new Wire.Service { Name = $"service-{i}", Namespace = NamespaceOf(i), Hostname = HostOf(i), Ports = { Ports() } };
        wire.Addresses.Add(new Wire.NetworkAddress { Address = ByteString.CopyFrom(10, (byte)(64 + (i >> 16)), (byte)(i >> 8), (byte)i) });
        return wire;
    }

    private static IEnumerable<Wire.Port> Ports() => [new() { ServicePort = 80, TargetPort = 8080 }, new() { ServicePort = 443, TargetPort = 8443 }];
}
