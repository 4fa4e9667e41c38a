using System.Collections.Concurrent;
using Ambient.ControlPlane.Running;
using Ambient.Grpc.Channel;
using Ambient.Hosting.Logging;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Access;
using Node = Ambient.Protos.Xds.Node;
using Ambient.Xds.Client;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Wiring;

/// <summary>A cluster's API, a control plane on ports of its own, and a node proxy's view of the mesh. All in this process, over real sockets.</summary>
internal sealed class RunningScene : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly string _kubeconfig = Path.GetTempFileName();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly List<ProcessLog> _logs = [];

    public PlaygroundApi Cluster { get; private set; } = null!;

    public ApiClient Api { get; private set; } = null!;

    public ControlPlaneProcess Process { get; private set; } = null!;

    /// <summary>Of the replica that was started last.</summary>
    public ControlPlaneOptions Options { get; private set; } = null!;

    public CancellationToken Stop => _stop.Token;

    /// <summary>Everything that was asked of the API and changes something, in order.</summary>
    public ConcurrentQueue<Permission> Writes { get; } = [];

    /// <summary>What the API refuses although it is granted; null for nothing.</summary>
    public Predicate<Permission>? Refuses { get; set; }

    public static async Task<RunningScene> StartAsync(params (string Name, string Value)[] environment)
    {
        var scene = new RunningScene();
        scene.Cluster = await PlaygroundApi.StartAsync(new() { Controllers = false, Allowed = scene.Remember });
        scene._parts.Add(scene.Cluster);
        await scene.Cluster.WriteKubeconfigAsync(scene._kubeconfig);
        scene.Api = new(ApiConfiguration.FromKubeconfig(scene._kubeconfig, TimeProvider.System), TimeProvider.System);
        foreach (var name in (string[])["istio-system", "demo"])
            await scene.Api.CreateAsync(ResourceTypes.Namespace, new() { Metadata = new() { Name = name, Labels = Ambient(name == "demo") } }, scene.Stop);
        foreach (var (ns, name) in ((string, string)[])[("istio-system", "ztunnel"), ("demo", "web")])
            await scene.Api.CreateAsync(ResourceTypes.ServiceAccount, new() { Metadata = new() { Name = name, Namespace = ns } }, scene.Stop);
        scene.Process = await scene.StartControlPlaneAsync("cp-1", environment);
        return scene;
    }

    /// <summary>One more replica, which the scene stops.</summary>
    public async Task<ControlPlaneProcess> StartControlPlaneAsync(string name, params (string Name, string Value)[] environment)
    {
        var variables = new Dictionary<string, string>
        {
            ["POD_NAME"] = name, ["KUBECONFIG"] = _kubeconfig, ["AMBIENT_SECURE_GRPC_PORT"] = "0", ["AMBIENT_PLAINTEXT_GRPC_PORT"] = "0",
            ["AMBIENT_MONITORING_PORT"] = "0", ["AMBIENT_HEALTH_PORT"] = "0", ["AMBIENT_ADMIN_PORT"] = "0", ["PILOT_DEBOUNCE_AFTER"] = "10ms",
        };
        foreach (var (key, value) in environment) variables[key] = value;
        var options = Options = ControlPlaneOptions.Read(variables, "machine");
        var log = new ProcessLog(LogFormat.Plain, options.LogFilter, Stream.Null, TimeProvider.System);
        _logs.Add(log);
        var process = await ControlPlaneProcess.StartAsync(options, TimeProvider.System, log, Stop);
        _parts.Add(process);
        return process;
    }

    /// <summary>Follows discovery over TLS as the ztunnel of a node does, with its service account's token.</summary>
    public MeshView Follow(ControlPlaneProcess? process = null, string? token = null)
    {
        var view = new MeshView(Connect(process), token ?? Token(), Stop);
        _parts.Add(view);
        return view;
    }

    /// <summary>Follows discovery as the waypoint <c>demo/wp</c> does, with its own service account's token.</summary>
    public MeshView FollowAsWaypoint()
    {
        var view = new MeshView(Connect(), Cluster.Tokens.Issue("demo", "wp", ["istio-ca"], TimeSpan.FromHours(1)).Token, Stop, new()
        {
            Id = "waypoint~10.244.0.99~wp-x.demo~demo.svc.cluster.local",
            Metadata = new() { Fields = { ["NAMESPACE"] = Value.ForString("demo"), ["SERVICE_ACCOUNT"] = Value.ForString("wp") } },
        });
        _parts.Add(view);
        return view;
    }

    /// <summary>A channel to a replica's TLS port; the caller's.</summary>
    public GrpcChannel Connect(ControlPlaneProcess? process = null)
    {
        process ??= Process;
        return new(new()
        {
            Address = new($"https://localhost:{process.Grpc.Secure.Port}"), AlternativeHostName = "istiod.istio-system.svc",
            Roots = ServerRoots.Pem(process.Services.Authority.Authority.InForce!.RootsPem),
        });
    }

    /// <summary>A node proxy's.</summary>
    public string Token() => Cluster.Tokens.Issue("istio-system", "ztunnel", ["istio-ca"], TimeSpan.FromHours(1)).Token;

    public async Task<string> GetAsync(int port, string path)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync($"http://127.0.0.1:{port}{path}", Stop);
    }

    /// <summary>Waits until the cluster is as wanted; the test's own timeout bounds it.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition()) await Task.Delay(Look, TimeProvider.System, Stop);
    }

    /// <summary>The leader stops, and another takes over.</summary>
    public async Task<ControlPlaneProcess> TakeOverAsync()
    {
        await UntilAsync(() => Task.FromResult(Process.Services.Election.IsLeader));
        var next = await StartControlPlaneAsync("cp-2");
        await next.Ready.WaitAsync(Stop);
        Assert.False(next.Services.Election.IsLeader);
        await Process.StopAsync();
        await UntilAsync(() => Task.FromResult(next.Services.Election.IsLeader));
        return next;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
        {
            if (part is ControlPlaneProcess process) await process.StopAsync();
            await part.DisposeAsync();
        }

        foreach (var log in _logs) log.Dispose();
        await _stop.CancelAsync();
        Api.Dispose();
        _stop.Dispose();
        File.Delete(_kubeconfig);
    }

    private void Remember(Caller caller, Permission asked)
    {
        if (Refuses?.Invoke(asked) == true) throw StatusException.Forbidden("the test refuses it");
        if (asked.Verb is not ("get" or "list" or "watch")) Writes.Enqueue(asked);
    }

    private static Dictionary<string, string>? Ambient(bool enrolled) => enrolled ? new() { ["istio.io/dataplane-mode"] = "ambient" } : null;
}

/// <summary>The mesh as one proxy knows it, and a way to wait for it.</summary>
internal sealed class MeshView : IAsyncDisposable
{
    private readonly MeshState _mesh = new();
    private readonly GrpcChannel _channel;
    private readonly CancellationTokenSource _stop;
    private readonly Task _running;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MeshView(GrpcChannel channel, string token, CancellationToken stop, Node? waypoint = null)
    {
        (_channel, _stop) = (channel, CancellationTokenSource.CreateLinkedTokenSource(stop));
        _mesh.Changed += _ => Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        var node = waypoint ?? new Node
        {
            Id = "ztunnel~1.1.1.1~ztunnel-x.istio-system~istio-system.svc.cluster.local",
            Metadata = new() { Fields = { ["NAMESPACE"] = Value.ForString("istio-system") } },
        };
        Client = new DiscoveryClient(channel, new()
        {
            Node = node, Traffic = waypoint is null ? null : Traffic, Headers = () => new() { { "authorization", $"Bearer {token}" } },
        }, _mesh, Journal,
            TimeProvider.System, new Random(1), NullLogger<DiscoveryClient>.Instance);
        _running = Client.RunAsync(_stop.Token);
    }

    public DiscoveryClient Client { get; }

    public EndsJournal Journal { get; } = new();

    public MeshSnapshot Mesh => _mesh.Current;

    /// <summary>A waypoint's; stays empty for others.</summary>
    public TrafficState Traffic { get; } = new();

    /// <summary>Waits until the mesh is as wanted; the test's own timeout bounds it.</summary>
    public async Task<T> UntilAsync<T>(Func<MeshSnapshot, T?> find) where T : class
    {
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (find(_mesh.Current) is { } found) return found;
            await changed.WaitAsync(_stop.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _channel.Dispose();
        _stop.Dispose();
    }
}

/// <summary>Remembers how streams ended.</summary>
internal sealed class EndsJournal : IDiscoveryJournal
{
    private readonly TaskCompletionSource<StreamEnd> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<StreamEnd> FirstEnd => _first.Task;

    public void Connected() { }

    public void Ended(StreamEnd how) => _first.TrySetResult(how);

    public void Received(string typeUrl, long payloadBytes) { }

    public void Rejected(string typeUrl, int newly, int inForce) { }
}
