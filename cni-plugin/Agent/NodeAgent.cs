using Ambient.CniAgent.Commands;
using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.PodFiles;
using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Redirection;
using Ambient.CniAgent.Zds;
using Ambient.Hosting.Health;
using Ambient.Hosting.Metrics;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent;

/// <summary>The agent's parts and how they hang together, in the order in which a pod passes them.</summary>
internal sealed class NodeAgent
{
    private const string FirstScan = "pod directory";

    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly MetricRegistry _metrics = new();
    private readonly ReadinessTasks _readiness = new();

    public NodeAgent(AgentOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _time, _loggers) = (options, time, loggers);
        _readiness.Begin(FirstScan);
    }

    /// <summary>Runs until <paramref name="stop"/> fires. Enrolled pods stay closed and served when it ends.</summary>
    /// <exception cref="IOException">A socket or the pod directory cannot be used.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var pages = _options.Pages is { } at ? new AgentPages(at, _metrics, _readiness, _time, _loggers) : null;
        using var registry = new PodRegistry();
        using var commands = new NamespaceCommands(_time);
        using var proxies = new ZdsServer(_options.ZdsPath, registry, new ZdsOptions(), _time, _loggers.CreateLogger<ZdsServer>());
        var enroller = new Enroller(PodNamespaceOpener.ForThisNode(), new RuleInstaller(commands), registry, proxies);
        await using var enrollment = new NodeEnrollment(new EnrollmentContext(
            enroller, new EnrollmentMetrics(_metrics), _options.AuditInterval, _time, _loggers.CreateLogger<PodEnrollment>()));
        proxies.Connected += enrollment.Wake;
        _metrics.AddGauge("ztunnel_connected", "Node proxies that are connected.", () => proxies.ConnectionCount);
        ProcessMetrics.AddTo(_metrics);

        var pods = new PodDirectory(_options.PodDirectory, _options.CaptureDns, enrollment, _time, _loggers.CreateLogger<PodDirectory>());
        await pods.RunAsync(() => _readiness.Complete(FirstScan), stop);
    }
}
