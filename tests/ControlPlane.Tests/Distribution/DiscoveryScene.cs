using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Distribution;
using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Ambient.GrpcServer.Tests.Scenes;
using Ambient.Hosting.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Distribution;

/// <summary>Discovery served over TLS, behind a relay that tests can cut. Tokens read <c>namespace/service-account</c>.</summary>
internal sealed class DiscoveryScene : ICallerAuthenticator, IAsyncDisposable
{
    private readonly TestAuthority _authority = new("mesh");
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly TimeProvider _time;

    private DiscoveryScene(AdsOptions options, TimeProvider time)
    {
        _time = time;
        Resources = new(time);
        Service = new(Resources, this, options, new AdsMetrics(Metrics, Resources), time, new Random(1), NullLogger<AdsService>.Instance);
    }

    public MetricRegistry Metrics { get; } = new();

    public MeshResources Resources { get; }

    public AdsService Service { get; }

    public CuttingRelay Relay { get; private set; } = null!;

    public static async Task<DiscoveryScene> StartAsync(AdsOptions? options = null, bool complete = true, TimeProvider? time = null)
    {
        var scene = new DiscoveryScene(options ?? new() { PushInterval = TimeSpan.FromMilliseconds(1) }, time ?? TimeProvider.System);
        if (complete) scene.Resources.MarkComplete();
        var server = await TestServer.StartAsync(scene.Service.Map, scene._authority.Issue("127.0.0.1"));
        scene.Relay = new(server.Address);
        scene._parts.AddRange([scene.Relay, server]);
        return scene;
    }

    public GrpcChannel Channel() => new(new() { Address = Relay.Address, Roots = ServerRoots.Pem(_authority.RootPem), MaxReceiveBytes = 200 << 20, MaxSendBytes = 200 << 20 });

    /// <summary>A node's client; ends with the scene.</summary>
    public TestNode AddNode(string name = "n1", bool onDemand = false, string token = "istio-system/ztunnel")
    {
        var node = new TestNode(Channel(), name, onDemand, token, _time);
        _parts.Insert(0, node);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in _parts) await part.DisposeAsync();
        Service.Dispose();
    }

    ValueTask<Caller> ICallerAuthenticator.AuthenticateAsync(GrpcMetadata metadata, X509Certificate2? certificate, IPAddress? peer, CancellationToken stop) =>
        metadata.Find("authorization")?["Bearer ".Length..].Split('/') is [var ns, var account]
            ? new(new Caller(ns, account, null, null))
            : throw new RpcException(StatusCode.Unauthenticated, "no token");
}
