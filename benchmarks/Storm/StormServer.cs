using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Callers;
using Ambient.Grpc;
using Ambient.Hosting.Metrics;
using Ambient.Kubernetes.Resources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Storm;

/// <summary>The control plane's real authority, service and TLS port. Only the API server is missing: tokens count as reviewed already, pods as informed of.</summary>
internal static class StormServer
{
    public static async Task<int> RunAsync(StormOptions storm)
    {
        var (options, time) = (new AuthorityOptions(), TimeProvider.System);
        var authority = new CertificateAuthority(options, time);
        var now = time.GetUtcNow();
        var signer = Signer.Load(RootKey.Create(options.TrustDomain, now, options.RootLifetime), now);
        authority.Use(new(signer, AuthorityState.First(signer, options.DefaultLeafLifetime).RootsPem, options.DefaultLeafLifetime));
        using var certificate = new ServerCertificate(authority, new(authority, time, NullLogger<CallerCertificates>.Instance), options, time, NullLogger<ServerCertificate>.Instance);

        var lanes = new SigningLanes(options.SigningSlots, options.MaxWaiting, options.MaxWaitingPerCaller);
        var service = new CsrService(new KnownCallers(), new NodeAuthorization(options, new KnownPods(storm), time), authority, lanes,
            new NoLongerLives(), new CsrMetrics(new MetricRegistry(), lanes, authority, () => AuthorityReport.NotRead), NullLogger<CsrService>.Instance);
        await using var server = Build(certificate, service);
        await server.StartAsync();
        Console.WriteLine(new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port);
        await Console.Out.WriteAsync(authority.InForce!.RootsPem + "\n");
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync(); // until who started us goes
        return 0;
    }

    private static WebApplication Build(ServerCertificate certificate, CsrService service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            new HandshakeTurns(TimeProvider.System).UseOn(listen, certificate)));
        var server = builder.Build();
        service.Map(server);
        return server;
    }

    private sealed class KnownCallers : ICallerAuthenticator
    {
        public ValueTask<Caller> AuthenticateAsync(GrpcMetadata metadata, X509Certificate2? certificate, IPAddress? peer, CancellationToken stop)
        {
            var pod = metadata.Find("authorization")!["Bearer ".Length..];
            _ = TokenHash.Of(pod);
            return new(new Caller("istio-system", "ztunnel", pod, pod));
        }
    }

    private sealed class KnownPods : INodePods
    {
        private readonly Dictionary<string, Pod> _proxies = [];
        private readonly Dictionary<string, Pod> _pods = [];

        public KnownPods(StormOptions storm)
        {
            for (var node = 0; node < storm.Nodes + StormRun.UrgentNodes; node++)
            {
                _proxies[$"zt-{node}"] = PodOf("istio-system", $"zt-{node}", "ztunnel", $"n{node}");
                for (var i = 0; i <= storm.Identities; i++)
                    _pods[$"n{node}/shop/sa-{node}-{i}"] = PodOf("shop", $"p-{node}-{i}", $"sa-{node}-{i}", $"n{node}");
            }
        }

        public Pod? Find(ObjectName name) => _proxies.GetValueOrDefault(name.Name);

        public IEnumerable<Pod> On(string node, string @namespace, string serviceAccount) =>
            _pods.TryGetValue($"{node}/{@namespace}/{serviceAccount}", out var pod) ? [pod] : [];

        public Task<Pod?> AskAsync(ObjectName name, CancellationToken stop) => Task.FromResult<Pod?>(null);

        public Task<IReadOnlyList<Pod>> AskOnAsync(string node, string @namespace, CancellationToken stop) => Task.FromResult<IReadOnlyList<Pod>>([]);

        private static Pod PodOf(string ns, string name, string account, string node) => new()
        {
            Metadata = new() { Name = name, Namespace = ns, Uid = name },
            Spec = new() { ServiceAccountName = account, NodeName = node },
            Status = new() { Phase = "Running" },
        };
    }

    private sealed class NoLongerLives : ILeafLifetimes
    {
        public Task RecordAsync(TimeSpan lifetime, CancellationToken stop) => Task.CompletedTask;
    }
}
