using Ambient.Model.Routes;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Routing;
using BenchmarkDotNet.Attributes;

namespace Ambient.Benchmarks;

/// <summary>One route of a service's many changes: what the next request to the service waits for.</summary>
[MemoryDiagnoser]
public class RouteChangeBenchmarks
{
    private static readonly ServiceKey Service = new("shop", "web.shop.svc.cluster.local");

    private readonly TrafficState _traffic = new();
    private ServiceTraffics _services = null!;
    private DialledTarget _dialled = null!;
    private int _changes;

    [Params(10, 1000, 5000)] public int Routes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var mesh = new MeshState();
        mesh.Apply(new() { Services = [new Service { Name = "web", Namespace = "shop", Hostname = Service.Hostname, Ports = new(new PortMapping(80, 8080)) }] });
        _traffic.Apply(new([.. Enumerable.Range(0, Routes).Select(static number => RouteOf(number, "0"))], []));
        _services = new(Options, mesh, _traffic, TimeProvider.System);
        _dialled = new(mesh.Current.FindService(Service), null, null, 80);
    }

    [Benchmark]
    public object Change()
    {
        _traffic.Apply(new([RouteOf(++_changes % Routes, $"{_changes}")], []));
        return _services.For(_dialled);
    }

    private static WaypointOptions Options { get; } = WaypointOptions.Read(new Dictionary<string, string>
    {
        ["GATEWAY_NAME"] = "waypoint", ["POD_NAME"] = "waypoint-1", ["POD_NAMESPACE"] = "shop", ["SERVICE_ACCOUNT"] = "waypoint",
        ["INSTANCE_IP"] = "127.0.0.1", ["XDS_ADDRESS"] = "http://127.0.0.1:1", ["AMBIENT_DEV_CA_DIR"] = ".",
    }, ".", 1);

    private static TrafficResource RouteOf(int number, string value)
    {
        var route = new Route
        {
            Kind = RouteKind.HttpRoute, Namespace = "shop", Name = $"team-{number}", Parents = [new(Service, 0)],
            Rules =
            [
                new("", [new() { Path = PathMatch.Segments($"/team-{number}") }], new()
                {
                    Backends = [new RouteBackend { Service = Service, Port = 80, Weight = 1 }], ResponseEdits = new() { Set = [new("x-route", value)] },
                }),
            ],
        };
        return new(route.Key, route);
    }
}
