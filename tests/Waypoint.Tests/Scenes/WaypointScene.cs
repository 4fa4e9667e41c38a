using System.Net;
using Ambient.Certificates.Authority;
using Ambient.Hosting.Logging;
using Ambient.MeshProxy.Identity;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.TestKit.Peers;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Waypoint.Tests.Scenes;

/// <summary>A running waypoint of the namespace <c>shop</c>, clients that reach it through real tunnels, and servers outside of the mesh behind services.</summary>
internal sealed class WaypointScene : IAsyncDisposable
{
    public const string Namespace = "shop";
    public static readonly SpiffeId ClientIdentity = new("cluster.local", "web", "client");

    private static int _pods;

    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-waypoint-").FullName;
    private readonly MemoryStream _output = new();
    private readonly TimeProvider _time;
    private readonly List<EchoServer> _servers = [];
    private readonly List<ClientNode> _nodes = [];
    private ProcessLog _log = null!;
    private LocalAuthority _authority = null!;
    private TunnelListener _listener = null!;
    private Revocations? _revocations;
    private readonly ReservedPort _serversPort = new();
    private int _nextAddress = 2;

    public WaypointParts Parts { get; private set; } = null!;

    /// <summary>With the key and the certificate of the authority that signs for everybody here.</summary>
    public string AuthorityDirectory => _directory;

    private WaypointScene(TimeProvider time) => _time = time;

    public static Task<WaypointScene> StartAsync(params (string Name, string Value)[] settings) => StartAsync(TimeProvider.System, settings);

    /// <param name="time">Of everything in it.</param>
    public static async Task<WaypointScene> StartAsync(TimeProvider time, params (string Name, string Value)[] settings)
    {
        var scene = new WaypointScene(time);
        await scene.RunAsync(settings);
        return scene;
    }

    /// <summary>An address of this machine that nobody else listens at, neither another test nor another process of them.</summary>
    public static IPAddress NewPodAddress()
    {
        var (process, pod) = (Environment.ProcessId, Interlocked.Increment(ref _pods));
        return new IPAddress([127, (byte)(16 + process % 200), (byte)(process / 200), (byte)pod]);
    }

    public static ServiceKey KeyOf(string name) => new(Namespace, $"{name}.{Namespace}.svc.cluster.local");

    /// <summary>A server behind one or more services; all listen on the same port of an address of their own.</summary>
    public EchoServer Serve(string name, params string[] services)
    {
        var address = IPAddress.Parse($"127.9.0.{_nextAddress++}");
        var port = (ushort)_serversPort.Number;
        var server = new EchoServer(name, new(address, port));
        _servers.Add(server);
        Parts.Rules.Mesh.Apply(new()
        {
            Services = [.. services.Select(ServiceOf)],
            Workloads =
            [
                new Workload
                {
                    Uid = $"Kubernetes//Pod/{Namespace}/{name}", Name = name, Namespace = Namespace, ServiceAccount = name, TrustDomain = "cluster.local", Addresses = [address],
                    WorkloadName = name, CanonicalName = name, ClusterId = "Kubernetes",
                    Services = services.Select(service => new ServiceMembership(KeyOf(service), new(new PortMapping(80, port), new PortMapping(443, port), new PortMapping(8080, port)))).ToEquatableArray(),
                },
            ],
        });
        return server;
    }

    /// <summary>A pod in the mesh behind a service: requests come to it through the tunnel of its node proxy.</summary>
    public void Know(string name, IPAddress address, ushort port, string service) => Parts.Rules.Mesh.Apply(new()
    {
        Services = [ServiceOf(service)],
        Workloads =
        [
            new Workload
            {
                Uid = $"Kubernetes//Pod/{Namespace}/{name}", Name = name, Namespace = Namespace, ServiceAccount = name, TrustDomain = "cluster.local", Addresses = [address],
                Protocol = TunnelProtocol.Hbone, Services = [new(KeyOf(service), new(new PortMapping(80, port), new PortMapping(8080, port)))],
            },
        ],
    });

    public void Forget(string name) => Parts.Rules.Mesh.Apply(new() { RemovedAddresses = [$"Kubernetes//Pod/{Namespace}/{name}"] });

    /// <summary>Where a server of <see cref="Serve"/> stands.</summary>
    public void Place(string server, Locality locality) => Parts.Rules.Mesh.Apply(new()
    {
        Workloads = [Parts.Rules.Mesh.Current.FindWorkload($"Kubernetes//Pod/{Namespace}/{server}")! with { Locality = locality }],
    });

    /// <summary>Where the waypoint itself stands.</summary>
    public void StandAt(Locality locality) => Parts.Rules.Mesh.Apply(new()
    {
        Workloads = [new Workload { Uid = $"Kubernetes//Pod/{Namespace}/waypoint-1", Name = "waypoint-1", Namespace = Namespace, ServiceAccount = "waypoint", Addresses = [IPAddress.Loopback], Locality = locality }],
    });

    public NodeProxies NodeProxies() => new(_authority, _time);

    /// <summary>A service all of whose servers are in another network.</summary>
    /// <param name="gateway">Where its gateway takes tunnels.</param>
    /// <param name="identity">Who the service says may answer; null for nobody.</param>
    public void KnowRemote(string service, IPEndPoint gateway, SpiffeId? identity) => Parts.Rules.Mesh.Apply(new()
    {
        Services = [ServiceOf(service) with { SubjectAltNames = identity is null ? default : [identity.ToString()] }],
        Workloads =
        [
            new Workload
            {
                Uid = "remote/east", Name = "east", Namespace = Namespace, Network = "east", Protocol = TunnelProtocol.Hbone,
                NetworkGateway = new(new NetworkAddress("", gateway.Address), (ushort)gateway.Port), Services = [new(KeyOf(service), new(new PortMapping(80, 80)))],
            },
            new Workload
            {
                Uid = "Kubernetes//Pod/east/gateway", Name = "gateway", Namespace = "east", ServiceAccount = "gateway", TrustDomain = "cluster.local", Network = "", Addresses = [gateway.Address],
            },
        ],
    });

    /// <summary>A server behind a service that is known by its host name, as of a ServiceEntry.</summary>
    public void Know(string name, string host, ushort port, string service) => Parts.Rules.Mesh.Apply(new()
    {
        Services = [ServiceOf(service)],
        Workloads = [new Workload { Uid = $"Kubernetes//Entry/{Namespace}/{name}", Name = name, Namespace = Namespace, Hostname = host, Services = [new(KeyOf(service), new(new PortMapping(80, port)))] }],
    });

    /// <summary>A collector of spans behind the service <c>collector</c>, by gRPC on port 4317 or by HTTP on 4318.</summary>
    public async Task<SpanCollector> CollectAsync(bool overHttp = false)
    {
        var address = IPAddress.Parse($"127.9.0.{_nextAddress++}");
        var listener = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        var port = (ushort)((IPEndPoint)listener.LocalEndPoint!).Port;
        Parts.Rules.Mesh.Apply(new()
        {
            Services = [ServiceOf("collector") with { Ports = new(new PortMapping(4317, 0, AppProtocol.Grpc), new PortMapping(4318, 0, AppProtocol.Http11)) }],
            Workloads =
            [
                new Workload
                {
                    Uid = $"Kubernetes//Pod/{Namespace}/collector", Name = "collector", Namespace = Namespace, ServiceAccount = "collector", TrustDomain = "cluster.local",
                    Addresses = [address], WorkloadName = "collector", ClusterId = "Kubernetes",
                    Services = [new(KeyOf("collector"), new(new PortMapping(4317, port), new PortMapping(4318, port)))],
                },
            ],
        });
        return await SpanCollector.StartAsync(listener, overHttp);
    }

    /// <summary>The service uses no waypoint from now on.</summary>
    public void Detach(string service) => Parts.Rules.Mesh.Apply(new() { Services = [ServiceOf(service) with { Waypoint = null }] });

    /// <summary>What users say; each call takes the place of what the same name said before.</summary>
    public void Apply(params TrafficResource[] resources) => Parts.Rules.Traffic.Apply(new(resources, []));

    public void Route(string name, string service, params RouteRule[] rules) => Apply(RouteOf(name, service, rules));

    public static TrafficResource RouteOf(string name, string service, params RouteRule[] rules) => new($"HTTPRoute/{Namespace}/{name}", new Route
    {
        Kind = RouteKind.HttpRoute, Namespace = Namespace, Name = name, Parents = [new(KeyOf(service), 0)], Rules = [.. rules],
    });

    public void Policy(string name, PolicyAction action, PolicyMatch match, bool dryRun = false) => Apply(new TrafficResource($"AuthorizationPolicy/{Namespace}/{name}",
        new RequestPolicy(new() { Name = name, Namespace = Namespace, Action = action, DryRun = dryRun, Rules = [new([new([match])])] }, [], [$"{Namespace}/waypoint"], false)));

    public static RouteRule Rule(RouteMatch match, RouteAction action) => new("", [match], action);

    public static RouteAction To(params (string Service, uint Weight)[] backends) => new()
    {
        Backends = [.. backends.Select(static backend => new RouteBackend { Service = KeyOf(backend.Service), Port = 80, Weight = backend.Weight })],
    };

    /// <summary>A client whose requests go to a service's virtual address, whatever their Host says.</summary>
    public Task<HttpClient> ClientAsync(string service, int port = 80, SpiffeId? identity = null, string? host = null) => ClientAsync(NodeOf(identity), service, port, host);

    /// <summary>The same behind a node proxy that is there.</summary>
    public async Task<HttpClient> ClientAsync(ClientNode node, string service, int port = 80, string? host = null)
    {
        var at = await node.OpenAsync($"{VipOf(service)}:{port}");
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            ConnectCallback = async (_, stop) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                await socket.ConnectAsync(at, stop);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        return new(handler) { BaseAddress = new($"http://{host ?? service}"), Timeout = TimeSpan.FromSeconds(20) };
    }

    public ClientNode NodeOf(SpiffeId? identity = null)
    {
        var node = new ClientNode(_authority, identity ?? ClientIdentity, Parts.Rules.Options.Identity, new(IPAddress.Loopback, _listener.Port), _time);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Asks until it holds; fails after 20 s.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20), "It has not come to hold in 20 s.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    public async Task<string> MetricsAsync()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        await Parts.Metrics.RefreshAsync();
        await Parts.Metrics.WriteAsync(buffer);
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>All that was logged; ends the scene's log.</summary>
    public string TakeLog()
    {
        _log.Dispose();
        return System.Text.Encoding.UTF8.GetString(_output.ToArray());
    }

    /// <summary>The waypoint ends in order, as it does when it is told to.</summary>
    public Task StopAsync() => _listener.StopAsync(TimeSpan.Zero);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        _revocations?.Dispose();
        await _listener.StopAsync(TimeSpan.Zero);
        foreach (var server in _servers) await server.DisposeAsync();
        _serversPort.Dispose();
        await Parts.DisposeAsync();
        _log.Dispose();
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    public static string VipOf(string service) => $"10.96.0.{Math.Abs(service.Sum(static letter => letter)) % 250 + 1}";

    private static Service ServiceOf(string name) => new()
    {
        Name = name, Namespace = Namespace, Hostname = KeyOf(name).Hostname, Vips = [new("", IPAddress.Parse(VipOf(name)))],
        Ports = new(new PortMapping(80, 0, AppProtocol.Http11), new PortMapping(443, 0, AppProtocol.Tls), new PortMapping(8080, 0, AppProtocol.Unknown)),
        Waypoint = new(KeyOf("waypoint"), 15008),
    };

    private async Task RunAsync((string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["GATEWAY_NAME"] = "waypoint", ["POD_NAME"] = "waypoint-1", ["POD_NAMESPACE"] = Namespace, ["SERVICE_ACCOUNT"] = "waypoint",
            ["INSTANCE_IP"] = "127.0.0.1", ["XDS_ADDRESS"] = "http://127.0.0.1:1", ["AMBIENT_DEV_CA_DIR"] = _directory, ["WAYPOINT_WORKER_THREADS"] = "1",
        };
        foreach (var (name, value) in settings) environment[name] = value;
        _log = new(LogFormat.Plain, LogFilter.Info, _output, _time);
        _authority = await LocalAuthority.OpenAsync(_directory, new() { TrustDomain = "cluster.local" }, _time, CancellationToken.None);
        Parts = await WaypointParts.CreateAsync(WaypointOptions.Read(environment, _directory, 2), _log, _time, NullLogger.Instance);
        _revocations = Parts.WatchRevocations(new(), _log);
        _listener = await TunnelListener.StartAsync(Parts.Workers, port: 0);
    }
}
