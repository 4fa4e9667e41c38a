using System.Net;
using Ambient.Hosting.Logging;
using Ambient.HttpProxy;
using Ambient.Linux.Sockets;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Routing;
using Ambient.Waypoint.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Load.Waypoint;

/// <summary>A waypoint with one worker, 1,000 routes, a policy for requests and its metrics, but without tunnels: clients dial it as they dial a reverse proxy.</summary>
internal sealed class RuledProxy(IPEndPoint at, IPEndPoint server)
{
    private const int Routes = 1000;
    private const string Namespace = "shop";
    private static readonly ServiceKey Service = new(Namespace, $"web.{Namespace}.svc.cluster.local");
    private static readonly SpiffeId Caller = new("cluster.local", Namespace, "client");

    /// <summary>Serves until the process is ended.</summary>
    public async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("waypoint-ruled");
        using var log = new ProcessLog(LogFormat.Plain, LogFilter.Parse("off"), Stream.Null, TimeProvider.System);
        await using var parts = await WaypointParts.CreateAsync(Options(directory.FullName), log, TimeProvider.System, NullLogger.Instance);
        Learn(parts.Rules);
        var worker = parts.Workers[0];
        var service = new DialledTarget(parts.Rules.Mesh.Current.FindService(Service), null, at.Address, 80);
        await worker.Loop.RunAsync(() =>
        {
            var client = new Client(new(IPAddress.Loopback, 0), Caller, null, null);
            AcceptLoop.Start(worker.Loop, ListeningSocket.Open(at, new() { NoDelay = true }), (descriptor, _) =>
                HttpConnection.Start(LoopSocket.Attach(worker.Loop, descriptor), worker.Http, new ClientRequests(worker, client, service), worker.Connections));
            return ValueTask.CompletedTask;
        });
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    private static WaypointOptions Options(string directory) => WaypointOptions.Read(new Dictionary<string, string>
    {
        ["GATEWAY_NAME"] = "waypoint", ["POD_NAME"] = "waypoint-1", ["POD_NAMESPACE"] = Namespace, ["SERVICE_ACCOUNT"] = "waypoint",
        ["INSTANCE_IP"] = "127.0.0.1", ["XDS_ADDRESS"] = "http://127.0.0.1:1", ["AMBIENT_DEV_CA_DIR"] = directory, ["WAYPOINT_WORKER_THREADS"] = "1",
    }, directory, 1);

    private void Learn(WaypointRules rules)
    {
        rules.Mesh.Apply(new()
        {
            Services = [new Service { Name = "web", Namespace = Namespace, Hostname = Service.Hostname, Vips = [new("", at.Address)], Ports = new(new PortMapping(80, 0, AppProtocol.Http11)) }],
            Workloads =
            [
                new Workload
                {
                    Uid = $"Kubernetes//Pod/{Namespace}/web", Name = "web", Namespace = Namespace, ServiceAccount = "web", TrustDomain = "cluster.local", Addresses = [server.Address],
                    WorkloadName = "web", CanonicalName = "web", ClusterId = "Kubernetes", Services = [new(Service, new(new PortMapping(80, (ushort)server.Port)))],
                },
            ],
        });
        rules.Traffic.Apply(new([.. Enumerable.Range(1, Routes - 1).Select(number => RouteOf($"/api/{number}")), RouteOf("/"), Readers()], []));
    }

    private static TrafficResource RouteOf(string path)
    {
        var action = new RouteAction { Backends = [new RouteBackend { Service = Service, Port = 80, Weight = 1 }] };
        var route = new Route
        {
            Kind = RouteKind.HttpRoute, Namespace = Namespace, Name = $"web{path.Replace('/', '-')}", Parents = [new(Service, 0)],
            Rules = [new("", [new() { Path = PathMatch.Segments(path.TrimEnd('/')) }], action)],
        };
        return new(route.Key, route);
    }

    private static TrafficResource Readers()
    {
        var match = new PolicyMatch { Principals = [StringMatcher.Exact($"{Caller}"["spiffe://".Length..])], Request = new() { Methods = [TextMatch.Exact("GET")], Paths = [TextMatch.Prefix("/")] } };
        var policy = new AuthorizationPolicy { Name = "readers", Namespace = Namespace, Action = PolicyAction.Allow, Rules = [new([new([match])])] };
        return new($"AuthorizationPolicy/{Namespace}/readers", new RequestPolicy(policy, [], [$"{Namespace}/waypoint"], false));
    }
}
