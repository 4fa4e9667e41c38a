using System.Security.Cryptography;
using Ambient.Hosting.Logging;
using Ambient.Linux.Namespaces;
using Ambient.Ztunnel.Options;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Node;

/// <summary>Shared mode: the pods that the node agent names, and the node proxy itself if it is told who it is.</summary>
internal sealed class AgentPods : IRunningPods
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PodProxy? _self;
    private readonly Task _session;

    private AgentPods(PodProxies pods, PodProxy? self, ZdsClient client)
    {
        (Pods, _self) = (pods, self);
        _session = client.RunAsync(_stop.Token);
    }

    public PodProxies Pods { get; }

    public static async Task<AgentPods> StartAsync(
        ZtunnelOptions options, NodeParts parts, TimeProvider time, ProcessLog log, Action<bool> readinessChanged)
    {
        var self = options.Node.ServesItself ? await parts.Pods.StartSelfAsync(NetworkNamespace.Current()) : null;
        var pods = new PodProxies(parts.Pods, time, log.Loggers.CreateLogger<PodProxies>(), readinessChanged)
        {
            Started = parts.Metrics.AddCounter("workload_manager_proxies_started", "The total number of proxies that were started (unstable)."),
            Stopped = parts.Metrics.AddCounter("workload_manager_proxies_stopped", "The total number of proxies that were stopped (unstable)."),
        };
        parts.PodList = pods.List;
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        var client = new ZdsClient(options.Listeners.AgentSocket, pods, time, random, log.Loggers.CreateLogger<ZdsClient>());
        return new(pods, self, client);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _session;
        var self = _self?.StopAsync(PodStop.Graceful).AsTask() ?? Task.CompletedTask;
        await Task.WhenAll(Pods.DrainAsync(), self);
        _stop.Dispose();
    }
}

/// <summary>Dedicated mode: one workload, served in the namespace that the process runs in.</summary>
internal sealed class OwnPod(IPodProxy proxy) : IRunningPods
{
    public static async Task<OwnPod> StartAsync(ZtunnelOptions options, NodeParts parts)
    {
        var workload = options.Node.Workload!;
        var pod = new PodInfo("dedicated", workload.Name, workload.Namespace, workload.ServiceAccount);
        return new(await parts.Pods.StartAsync(pod, NetworkNamespace.Current(), isArriving: false, CancellationToken.None));
    }

    public Task StopAsync() => proxy.StopAsync(PodStop.Graceful).AsTask();
}
