using Ambient.ControlPlane.Listening;
using Ambient.ControlPlane.Pages;
using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Metrics;
using Ambient.Hosting.Stopping;
using Ambient.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Running;

/// <summary>The control plane from start to stop: READ THIS FIRST for how the process lives.</summary>
internal sealed partial class ControlPlaneProcess : IAsyncDisposable
{
    private const string SyncTask = "cluster objects", PublishTask = "first publication", AuthorityTask = "certificate authority";
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2), AuthorityPoll = TimeSpan.FromMilliseconds(100);

    private readonly ControlPlaneOptions _options;
    private readonly TimeProvider _time;
    private readonly ProcessLog _log;
    private readonly ILogger<ControlPlaneProcess> _logger;
    private readonly ApiClient _api;
    private readonly ReadinessTasks _readiness = new();
    private readonly CancellationTokenSource _stopFollowing = new(), _stopLeading = new();
    private Task _following = Task.CompletedTask, _leading = Task.CompletedTask, _readying = Task.CompletedTask;

    private ControlPlaneProcess(ControlPlaneOptions options, ApiClient api, TimeProvider time, ProcessLog log)
    {
        (_options, _api, _time, _log) = (options, api, time, log);
        _logger = log.Loggers.CreateLogger<ControlPlaneProcess>();
        foreach (var task in (string[])[SyncTask, PublishTask, AuthorityTask]) _readiness.Begin(task);
        Services = new(options, api, Metrics, time, log.Loggers);
    }

    public MetricRegistry Metrics { get; } = new();

    public ControlPlaneServices Services { get; }

    public GrpcListeners Grpc { get; private set; } = null!;

    public ControlPlanePages Pages { get; private set; } = null!;

    /// <summary>Completes when clients may come.</summary>
    public Task Ready => _readying;

    /// <summary>Completes after the stop; fails as soon as a part that serves has failed: the process is of no use then.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <param name="log">Owned by the caller.</param>
    /// <exception cref="Exception">It could not start; the message says what to do.</exception>
    public static async Task<ControlPlaneProcess> StartAsync(ControlPlaneOptions options, TimeProvider time, ProcessLog log, CancellationToken stop)
    {
        var api = new ApiClient(options.Cluster.Open(time), time, "ambient-control-plane");
        options = await MeshSettingsAtStart.ResolveAsync(options, api, time, log.Loggers.CreateLogger<ControlPlaneProcess>(), stop);
        var process = new ControlPlaneProcess(options, api, time, log);
        try
        {
            await process.StartAsync(stop);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends in order: the leader's duties and its lease, calls, what follows the cluster, the pages.</summary>
    public Task StopAsync() => new StopSequence(_time, _log.Loggers.CreateLogger<StopSequence>())
        .Then("leadership", async _ =>
        {
            await _stopLeading.CancelAsync();
            await _leading;
        })
        .Then("calls", Grpc.StopAsync)
        .Then("followers", async _ =>
        {
            await _stopFollowing.CancelAsync();
            await Task.WhenAll(_following, _readying);
        })
        .Then("pages", _ => Pages.StopAsync())
        .RunAsync(_options.DrainDeadline + StopGrace, StopGrace);

    public async ValueTask DisposeAsync()
    {
        await _stopLeading.CancelAsync();
        await _stopFollowing.CancelAsync();
        if (Grpc is not null) await Grpc.DisposeAsync();
        Pages?.Dispose();
        Services.Dispose();
        _api.Dispose();
        _stopLeading.Dispose();
        _stopFollowing.Dispose();
    }

    private async Task StartAsync(CancellationToken stop)
    {
        ControlPlaneMetrics.AddTo(Metrics, Services, _options.IstioVersion);
        var admin = new AdminPages(Services, _log.Levels, _stopFollowing.Token);
        Pages = await ControlPlanePages.StartAsync(_options.Ports, Metrics, _readiness, admin.RespondAsync, _time, _log.Loggers);
        Grpc = await GrpcListeners.StartAsync(_options.Ports, listen => Services.Authority.Handshakes.UseOn(listen, Services.Authority.Server), Services.Map, _log.Loggers, stop);
        Log.Listening(_logger, Grpc.Secure.Port, Grpc.Plaintext?.Port, Pages.Monitoring.Port, Pages.Health.Port, Pages.Admin.Port);

        _readying = BecomeReadyAsync(_stopFollowing.Token);
        _following = Services.RunAsync(_stopFollowing.Token);
        _leading = Part.RunAsync("leader election", () => Services.Election.RunAsync(_stopLeading.Token), _logger);
        Running = AllOfAsync(_readying, _following, _leading);
    }

    private static async Task AllOfAsync(params Task[] parts)
    {
        await foreach (var ended in Task.WhenEach(parts)) await ended;
    }

    // Whoever connects before gets "unavailable" and tries another replica.
    private async Task BecomeReadyAsync(CancellationToken stop)
    {
        try
        {
            await Services.Informers.Synced.WaitAsync(stop);
            _readiness.Complete(SyncTask);
            await Services.Index.Published.WaitAsync(stop);
            Services.Mesh.MarkComplete();
            _readiness.Complete(PublishTask);
            while (!Services.Authority.IsReady) await Task.Delay(AuthorityPoll, _time, stop);
            _readiness.Complete(AuthorityTask);
            Log.Ready(_logger, Services.Mesh.AddressCount, Services.Mesh.PolicyCount);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1263.
    private static partial class Log
    {
        [LoggerMessage(1261, LogLevel.Information,
            "Listening: {Secure} gRPC over TLS, {Plaintext} gRPC on loopback, {Monitoring} metrics, {Health} readiness, {Admin} administration on loopback")]
        public static partial void Listening(ILogger logger, int secure, int? plaintext, int monitoring, int health, int admin);

        [LoggerMessage(1262, LogLevel.Information, "Ready: {Addresses} workloads and services, {Policies} policies")]
        public static partial void Ready(ILogger logger, int addresses, int policies);
    }
}
