using Ambient.ControlPlane.Callers;
using Ambient.Hosting.Metrics;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Authority;

/// <summary>What the authority shares with the rest of the control plane.</summary>
/// <param name="Pods">Not started yet. If it trims, it must keep service account, node, phase and UID.</param>
/// <param name="Namespaces">Not started yet.</param>
/// <param name="Leads">Whether this replica holds the Lease now.</param>
internal sealed record AuthoritySurroundings(ApiClient Api, Informer<Pod> Pods, Informer<Namespace> Namespaces, Func<bool> Leads,
    MetricRegistry Metrics, ILoggerFactory Loggers, TimeProvider Time, Random Random);

/// <summary>The wiring of the authority, in the order in which data flows: Secrets → authority → server certificate, bundle, signatures.</summary>
internal sealed class AuthorityParts : IDisposable
{
    private readonly List<IInformer> _informers = [];
    private readonly List<ConfigMapPublisher> _publishers = [];

    public AuthorityParts(AuthorityOptions options, CallerOptions callers, AuthoritySurroundings around)
    {
        var (api, loggers, time) = (around.Api, around.Loggers, around.Time);
        Authority = new CertificateAuthority(options, time);
        Controller = new AuthorityController(new KubernetesAuthoritySecrets(api, options.SystemNamespace), Authority, options,
            around.Leads, time, loggers.CreateLogger<AuthorityController>());
        foreach (var name in (string[])[AuthoritySecret.Name, PluggedInAuthority.Name])
            WakeOn(around, new() { Namespace = options.SystemNamespace, FieldSelector = $"metadata.name={name}" });
        Server = new ServerCertificate(Authority, new CallerCertificates(Authority, time, loggers.CreateLogger<CallerCertificates>()), options, time, loggers.CreateLogger<ServerCertificate>());

        Handshakes = new HandshakeTurns(time);

        Publish(around, options, PublishedText.Roots(Authority));
        if (options.PublishRevocations)
            Publish(around, options, PublishedText.Revocations(Controller));
        Authority.Changed += CheckBundles;
        Controller.RevocationsChanged += CheckBundles;
        Controller.RevocationsChanged += UseLists;

        Callers = new CallerAuthenticator(new CertificateCallers(options.IsOurTrustDomain, time),
            new TokenAuthenticator(api, callers, time), callers, loggers.CreateLogger<CallerAuthenticator>());
        var lanes = new SigningLanes(options.SigningSlots, options.MaxWaiting, options.MaxWaitingPerCaller);
        Csr = new CsrService(Callers, new NodeAuthorization(options, new NodePods(api, around.Pods), time), Authority, lanes, Controller,
            new CsrMetrics(around.Metrics, lanes, Authority, () => Controller.Report), loggers.CreateLogger<CsrService>());
    }

    public CertificateAuthority Authority { get; }

    public AuthorityController Controller { get; }

    /// <summary>Of the TLS port.</summary>
    public ServerCertificate Server { get; }

    /// <summary>Puts TLS on the port: <c>Handshakes.UseOn(listen, Server)</c>.</summary>
    public HandshakeTurns Handshakes { get; }

    public ICallerAuthenticator Callers { get; }

    public CsrService Csr { get; }

    /// <summary>Whether certificates can be signed and TLS connections accepted.</summary>
    public bool IsReady => Server.Leaf is not null;

    /// <summary>Runs until <paramref name="stop"/> fires. The shared informers are run by who owns them.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(
        [Controller.RunAsync(stop), .. _informers.Select(one => one.RunAsync(stop)), .. _publishers.Select(one => one.RunAsync(stop))]);

    /// <summary>To be called when this replica has begun or ceased to lead.</summary>
    public void OnLeadershipChanged()
    {
        Controller.Wake();
        CheckBundles();
    }

    public void Dispose()
    {
        Authority.Changed -= CheckBundles;
        Controller.RevocationsChanged -= CheckBundles;
        Controller.RevocationsChanged -= UseLists;
        Server.Dispose();
        Handshakes.Dispose();
    }

    // Whether or not they are published: who brings a list wants it to count.
    private void UseLists() => Server.Callers.UseLists(Controller.Revocations);

    private void CheckBundles()
    {
        foreach (var publisher in _publishers)
            publisher.CheckAll();
    }

    private void WakeOn(AuthoritySurroundings around, ObjectQuery query)
    {
        var informer = Follow(around, ResourceTypes.Secret, query);
        informer.AddHandler(_ =>
        {
            Controller.Wake();
            return ValueTask.CompletedTask;
        });
    }

    private void Publish(AuthoritySurroundings around, AuthorityOptions options, PublishedText text) =>
        _publishers.Add(new ConfigMapPublisher(around.Api, text, around.Namespaces,
            Follow(around, ResourceTypes.ConfigMap, ConfigMapPublisher.QueryFor(text)), options.NamespacesWithoutBundle,
            around.Leads, around.Time, around.Loggers.CreateLogger<ConfigMapPublisher>()));

    private Informer<T> Follow<T>(AuthoritySurroundings around, ResourceType<T> type, ObjectQuery query) where T : KubernetesObject
    {
        var informer = new Informer<T>(around.Api, type, new InformerOptions<T> { Query = query }, around.Time,
            new Random(around.Random.Next()), around.Loggers.CreateLogger<Informer<T>>());
        _informers.Add(informer);
        return informer;
    }
}
