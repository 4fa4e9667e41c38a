using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.PodFiles;
using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Redirection;
using Ambient.CniAgent.Zds;
using Ambient.Hosting.Health;
using Ambient.Hosting.Metrics;
using Ambient.Kubernetes.Configuration;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent;

/// <summary>The agent's parts and how they hang together, in the order in which a pod passes them.</summary>
internal sealed class NodeAgent(AgentOptions options, TimeProvider time, ILoggerFactory loggers)
{
    private readonly MetricRegistry _metrics = new();
    private readonly ReadinessTasks _readiness = new();

    /// <summary>Runs until <paramref name="stop"/> fires. Enrolled pods stay closed and served when it ends.</summary>
    /// <exception cref="IOException">A socket or a directory cannot be used.</exception>
    /// <exception cref="ConfigurationException">The Kubernetes API cannot be used as it is configured.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var pages = options.Pages is { } at ? new AgentPages(at, _metrics, _readiness, time, loggers) : null;
        using var registry = new PodRegistry();
        using var node = new NodeAddresses(options.HostNetns);
        using var proxies = new ZdsServer(options.ZdsPath, registry, new ZdsOptions(), time, loggers.CreateLogger<ZdsServer>());
        var enroller = new Enroller(PodNamespaceOpener.ForThisNode(options.HostRoot, options.HostNetns, time), new RuleInstaller(() => node.Current, options.KeepsConnections), registry, proxies, time);
        await using var enrollment = new NodeEnrollment(new EnrollmentContext(
            enroller, new EnrollmentMetrics(_metrics), options.AuditInterval, time, loggers.CreateLogger<PodEnrollment>()));
        proxies.Connected += enrollment.Wake;
        _metrics.AddGauge("ztunnel_connected", "Node proxies that are connected.", () => proxies.ConnectionCount);
        ProcessMetrics.AddTo(_metrics);

        var watching = Task.WhenAll(node.RunAsync(enrollment.Wake, time, stop), IdleMemory.WatchAsync(time, stop));
        if (options.PodDirectory is { } directory)
            await FollowFilesAsync(directory, proxies, enrollment, stop);
        else
            await new ClusterAgent(options, options.Cluster!, _metrics, _readiness, time, loggers).RunAsync(enrollment, proxies, stop);
        await watching;
    }

    private async Task FollowFilesAsync(string directory, ZdsServer proxies, NodeEnrollment enrollment, CancellationToken stop)
    {
        const string FirstScan = "pod directory";
        _readiness.Begin(FirstScan);
        var pods = new PodDirectory(directory, options.CaptureDns, enrollment, time, loggers.CreateLogger<PodDirectory>());
        await pods.RunAsync(() =>
        {
            proxies.Start();
            _readiness.Complete(FirstScan);
        }, stop);
    }
}
