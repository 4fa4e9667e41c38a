using System.Net;
using Ambient.Model.State;
using Ambient.Ztunnel.Outbound;
using BenchmarkDotNet.Attributes;

namespace Ambient.Benchmarks;

/// <summary>From the address that a pod dialled to the next hop, in meshes of two sizes: the time should hardly differ.</summary>
[MemoryDiagnoser]
public class RoutingBenchmarks
{
    private readonly OutboundRouter _router = new("", [15001, 15006, 15008]);
    private readonly Random _random = new(7);
    private MeshSnapshot _mesh = null!;
    private OutboundRequest _toService = null!, _toWorkload = null!, _toStranger = null!;

    [Params(10, 100_000)] public int Workloads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _mesh = BenchmarkMesh.Build(Workloads).Current;
        var (client, server) = (BenchmarkMesh.WorkloadAt(0), Workloads - 1);
        _toService = new(client, client.Addresses[0], new(BenchmarkMesh.VipOf(server / 10), 80));
        _toWorkload = new(client, client.Addresses[0], new(BenchmarkMesh.AddressOf(server), 8080));
        _toStranger = new(client, client.Addresses[0], new(IPAddress.Parse("192.0.2.1"), 443));
    }

    [Benchmark] public object ToService() => _router.Route(_toService, _mesh, _random);

    [Benchmark] public object ToWorkload() => _router.Route(_toWorkload, _mesh, _random);

    [Benchmark] public object ToStranger() => _router.Route(_toStranger, _mesh, _random);
}
