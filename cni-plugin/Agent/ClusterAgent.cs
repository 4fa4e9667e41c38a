using System.Net;
using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.Install;
using Ambient.CniAgent.Journal;
using Ambient.CniAgent.PluginCalls;
using Ambient.CniAgent.PodWatch;
using Ambient.CniAgent.Zds;
using Ambient.Hosting.Health;
using Ambient.Hosting.Metrics;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent;

/// <summary>The agent of a cluster's node: the journal, the API and the CNI plugin say which pods are in the mesh.</summary>
/// <remarks>
/// At the start: journal, then node proxies and plugin, then the API. So pods are looked after, and pods that were here
/// before may start, while the API is away. Without a journal the API is waited for first.
/// </remarks>
internal sealed class ClusterAgent(
    AgentOptions options, ClusterOptions cluster, MetricRegistry metrics, ReadinessTasks readiness, TimeProvider time, ILoggerFactory loggers)
{
    private const string Reading = "pods of this node", Installing = "CNI plugin";
    private static readonly TimeSpan UninstallLimit = TimeSpan.FromSeconds(5);

    /// <summary>Runs until <paramref name="stop"/> fires.</summary>
    /// <exception cref="IOException">A socket or a directory cannot be used.</exception>
    /// <exception cref="ConfigurationException">The Kubernetes API cannot be used as it is configured.</exception>
    public async Task RunAsync(NodeEnrollment enrollment, ZdsServer proxies, CancellationToken stop)
    {
        using var api = new ApiClient(cluster.OpenApi(time), time, "ambient-agent");
        var reports = new PodReports(api, cluster.NodeName, time, loggers.CreateLogger<PodReports>());
        var journal = new PodJournal(cluster.StateDirectory, loggers.CreateLogger<PodJournal>());
        var writer = new JournalWriter(journal, loggers.CreateLogger<JournalWriter>());
        var selection = new PodSelection(cluster);
        using var pods = new NodePods(selection, journal, writer, enrollment, reports, options.CaptureDns);
        var watcher = new PodWatcher(api, cluster.NodeName, pods, selection, time, loggers);
        var installer = cluster.Install is { } install
            ? new PluginInstaller(install, PluginEntry.Of(cluster), metrics, time, loggers.CreateLogger<PluginInstaller>()) : null;
        var calls = new SandboxCalls(watcher, pods, enrollment, reports, options.HostRoot, time);
        var socket = new PluginSocket(cluster.PluginSocket, calls.AnswerAsync, time, loggers.CreateLogger<PluginSocket>());

        readiness.Begin(Reading);
        var knowsPods = journal.Exists;
        await pods.RestoreAsync();
        if (knowsPods)
            proxies.Start();
        await RunTogetherAsync(stop, watcher.RunAsync, reports.RunAsync, socket.RunAsync, stopping => InstallAsync(installer, stopping), async stopping =>
        {
            await watcher.Synced.WaitAsync(stopping);
            proxies.Start();
            readiness.Complete(Reading);
        });
        await writer.WrittenAsync();
        if (installer is not null && await IsUninstalledAsync(api))
            installer.Uninstall();
    }

    private async Task InstallAsync(PluginInstaller? installer, CancellationToken stop)
    {
        if (installer is null)
            return;
        readiness.Begin(Installing);
        await installer.RunAsync(isInstalled =>
        {
            if (isInstalled)
                readiness.Complete(Installing);
            else
                readiness.Begin(Installing);
        }, stop);
    }

    // One that fails ends all: an agent that does half of its work would not be noticed.
    private static async Task RunTogetherAsync(CancellationToken stop, params Func<CancellationToken, Task>[] parts)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = parts.Select(async part =>
        {
            try
            {
                await Task.Run(() => part(together.Token), CancellationToken.None);
            }
            catch (OperationCanceledException) when (together.IsCancellationRequested)
            {
                // Stopping.
            }
            catch
            {
                await together.CancelAsync();
                throw;
            }
        }).ToArray();
        await Task.WhenAll(running);
    }

    // While the DaemonSet is there, this agent is only being replaced, or the node restarts: new pods wait for the next one.
    // If that cannot be found out, it is taken to be so, as the other mistake would let pods start outside the mesh.
    private async Task<bool> IsUninstalledAsync(ApiClient api)
    {
        using var limit = new CancellationTokenSource(UninstallLimit, time);
        try
        {
            var daemonSet = await api.FindAsync(ResourceTypes.DaemonSet, new ObjectName(cluster.AgentNamespace, cluster.Install!.DaemonSet), limit.Token);
            return daemonSet is null || daemonSet.Metadata.DeletionTimestamp is not null;
        }
        catch (ApiException error) when (error.Code is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            return true; // who uninstalls the mesh removes the agent's account and rights before the agent is told to stop
        }
        catch (Exception error) when (error is ApiException or OperationCanceledException)
        {
            return false;
        }
    }
}
