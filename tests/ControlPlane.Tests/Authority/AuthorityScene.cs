using System.Net;
using Ambient.Certificates.Service;
using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Tests.Cluster;
using Ambient.GrpcServer;
using Ambient.Hosting.Metrics;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>A cluster with a control plane on a TLS port: two nodes, a node proxy and some pods on each, one token for each proxy.</summary>
internal sealed class AuthorityScene : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("authority").FullName;
    private readonly List<IDisposable> _owned = [];
    private ApiClient _api = null!; // the parts', until they have ended
    private Task _running = Task.CompletedTask;
    private WebApplication _server = null!;

    public required TestCluster Cluster { get; init; }

    public required TimeProvider Time { get; init; }

    public AuthorityOptions Options { get; init; } = new();

    public AuthorityParts Parts { get; private set; } = null!;

    public MetricRegistry Metrics { get; } = new();

    public bool Leads { get; set; } = true;

    public Uri Address { get; private set; } = null!;

    public string RootsFile => Path.Combine(_directory, "root-cert.pem");

    public string TokenFile => Path.Combine(_directory, "istio-token");

    /// <summary>Connections that were accepted.</summary>
    public int Connections;

    public static async Task<AuthorityScene> StartAsync(TimeProvider? time = null, AuthorityOptions? options = null, Secret? pluggedIn = null)
    {
        var scene = new AuthorityScene { Cluster = await TestCluster.StartAsync(), Time = time ?? TimeProvider.System, Options = options ?? new() };
        scene.Populate();
        if (pluggedIn is not null) scene.Cluster.Put(ResourceTypes.Secret, pluggedIn);
        await scene.StartPartsAsync();
        await scene.StartServerAsync();
        await File.WriteAllTextAsync(scene.RootsFile, scene.Parts.Authority.InForce!.RootsPem);
        await File.WriteAllTextAsync(scene.TokenFile, "zt-1\n");
        return scene;
    }

    public AuthorityClient Client(Func<AuthorityClientOptions, AuthorityClientOptions>? with = null)
    {
        var options = new AuthorityClientOptions
        {
            Address = Address, RootsFile = RootsFile, TokenFile = TokenFile, AlternativeHostName = "istiod.istio-system.svc",
        };
        var client = new AuthorityClient(with?.Invoke(options) ?? options, TimeProvider.System, NullLogger<AuthorityClient>.Instance);
        _owned.Add(client);
        return client;
    }

    public void AddPod(string ns, string name, string account, string node, string phase = "Running") => Cluster.Put(ResourceTypes.Pod, new Pod
    {
        Metadata = new() { Name = name, Namespace = ns, Uid = $"uid-of-{name}" },
        Spec = new() { ServiceAccountName = account, NodeName = node },
        Status = new() { Phase = phase },
    });

    public void AddNamespace(string name, string phase = "Active") =>
        Cluster.Put(ResourceTypes.Namespace, new Namespace { Metadata = new() { Name = name }, Status = new() { Phase = phase } });

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _owned) one.Dispose();
        await _server.DisposeAsync();
        await _stop.CancelAsync();
        await _running;
        Parts.Dispose();
        _api.Dispose();
        await Cluster.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private void Populate()
    {
        foreach (var ns in (string[])["istio-system", "shop", "kube-system", "kube-public", "kube-node-lease"]) AddNamespace(ns);
        AddPod("istio-system", "zt-1", "ztunnel", "n1");
        AddPod("istio-system", "zt-2", "ztunnel", "n2");
        AddPod("shop", "web-1", "web", "n1");
        AddPod("shop", "pay-1", "pay", "n2");
        Cluster.Review = token => new TokenReviewStatus
        {
            Authenticated = token is "zt-1" or "zt-2" or "web-1",
            Audiences = ["istio-ca"],
            User = new()
            {
                Username = token == "web-1" ? "system:serviceaccount:shop:web" : "system:serviceaccount:istio-system:ztunnel",
                Groups = ["system:serviceaccounts"],
                Extra = new Dictionary<string, IReadOnlyList<string>>
                {
                    ["authentication.kubernetes.io/pod-name"] = [token], ["authentication.kubernetes.io/pod-uid"] = [$"uid-of-{token}"],
                },
            },
        };
    }

    private async Task StartPartsAsync()
    {
        _api = Cluster.Client();
        var pods = Follow(_api, ResourceTypes.Pod);
        var namespaces = Follow(_api, ResourceTypes.Namespace);
        Parts = new AuthorityParts(Options, new CallerOptions(),
            new(_api, pods, namespaces, () => Leads, Metrics, NullLoggerFactory.Instance, Time, new Random(1)));
        _running = Task.WhenAll(pods.RunAsync(_stop.Token), namespaces.RunAsync(_stop.Token), Parts.RunAsync(_stop.Token));
        await Until.TrueAsync(() => Parts.IsReady && pods.HasSynced, "the authority is ready");
    }

    private static Informer<T> Follow<T>(ApiClient api, ResourceType<T> type) where T : KubernetesObject =>
        new(api, type, new(), TimeProvider.System, new Random(2), NullLogger<Informer<T>>.Instance);

    private async Task StartServerAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Use(next => connection =>
            {
                Interlocked.Increment(ref Connections);
                return next(connection);
            });
            Parts.Handshakes.UseOn(listen, Parts.Server);
        }));
        _server = builder.Build();
        Parts.Csr.Map(_server);
        _server.MapUnimplemented();
        await _server.StartAsync();
        var port = new Uri(_server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        Address = new Uri($"https://localhost:{port}");
    }
}
