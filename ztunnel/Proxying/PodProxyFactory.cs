using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Options;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Workers;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Starts what serves a pod: binds everything first, so that a port that is taken leaves nothing behind.</summary>
/// <param name="dns">Null when DNS is not captured.</param>
internal sealed class PodProxyFactory(
    ZtunnelOptions options, MeshState mesh, WorkerPool workers, ProxyRules rules, PodRegistry registry, DnsProxies? dns, TimeProvider time) : IPodProxyFactory
{
    public async ValueTask<IPodProxy> StartAsync(PodInfo pod, NetworkNamespace netns, bool isArriving, CancellationToken stop)
    {
        var sockets = new PodSockets(netns, options.Sockets, options.Listeners);
        var listeners = PodListeners.Open(sockets, options.Listeners, options.Dns, options.Node.ProxyEnabled);
        return await ServeAsync(pod, sockets, listeners, listeners.IsTransparent, isArriving);
    }

    /// <summary>Serves the node proxy's own tunnel port, so that captured clients reach its metrics over mutual TLS.</summary>
    public async ValueTask<PodProxy> StartSelfAsync(NetworkNamespace netns)
    {
        var node = options.Node;
        var self = new PodInfo("self", node.PodName!, node.PodNamespace!, node.ServiceAccount!);
        var unmarked = new PodSockets(netns, options.Sockets with { Mark = null }, options.Listeners with { OriginalSource = false });
        var listeners = PodListeners.OpenHbone(unmarked, options.Listeners);
        return await ServeAsync(self, unmarked, listeners, preservesSource: false);
    }

    /// <summary>Serves a pod on sockets that are bound already.</summary>
    /// <param name="listeners">Taken over; all of them are closed if this fails.</param>
    internal async ValueTask<PodProxy> ServeAsync(PodInfo info, PodSockets sockets, PodListeners listeners, bool preservesSource, bool isArriving = false)
    {
        var pod = new Pod(info, sockets, mesh, time, preservesSource);
        if (isArriving) pod.Entry = PodEntry.Of(pod.Name, mesh, time);
        var proxy = new PodProxy(pod, workers, rules, registry, options.Drain.Deadline);
        try
        {
            await ListenAsync(pod, proxy, listeners);
        }
        catch
        {
            try { await proxy.StopAsync(PodStop.Immediate); }
            finally { listeners.Dispose(); } // what was not taken over; the rest is closed already
            throw;
        }
        registry.Add(proxy);
        return proxy;
    }

    private async ValueTask ListenAsync(Pod pod, PodProxy proxy, PodListeners listeners)
    {
        if (dns is not null && listeners.DnsDatagrams.Count > 0)
        {
            var answering = dns.Create(proxy.HomeLoop, new DnsClients(pod),
                (transport, family) => new(OpenUpstream(pod.Sockets, transport, family)));
            await proxy.ListenDnsAsync(answering, listeners.DnsDatagrams, listeners.DnsStreams);
        }
        await proxy.ListenAsync(listeners);
    }

    private static Descriptor OpenUpstream(PodSockets sockets, DnsTransport transport, AddressFamily family) =>
        transport == DnsTransport.Udp ? sockets.ForDatagrams(family) : sockets.ForDial(family);

    private sealed class DnsClients(Pod pod) : IDnsClientSource
    {
        public Workload? Current => pod.FindWorkload();

        public ValueTask<Workload?> WaitAsync() => pod.WaitForWorkloadAsync();
    }
}
