using System.Collections.Concurrent;
using Ambient.Linux.Namespaces;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Tests.Pods;

/// <summary>Counts what is started and stopped for each pod; fails to start where it is told to.</summary>
internal sealed class TestProxies : IPodProxyFactory
{
    private readonly ConcurrentDictionary<string, string> _failing = new();

    public ConcurrentQueue<string> Events { get; } = new();

    /// <summary>Pods that were started as such.</summary>
    public ConcurrentQueue<string> Arriving { get; } = new();

    /// <summary>Pods with the namespace their running proxy was given.</summary>
    public ConcurrentDictionary<string, NamespaceKey> Running { get; } = new();

    public void Fail(string uid, string why) => _failing[uid] = why;

    public void Heal(string uid) => _failing.TryRemove(uid, out _);

    public ValueTask<IPodProxy> StartAsync(PodInfo pod, NetworkNamespace netns, bool isArriving, CancellationToken stop)
    {
        if (_failing.TryGetValue(pod.Uid, out var why))
        {
            Events.Enqueue($"failed {pod.Uid}");
            throw new IOException(why);
        }
        Events.Enqueue($"started {pod.Uid}");
        if (isArriving) Arriving.Enqueue(pod.Uid);
        Running[pod.Uid] = netns.Key;
        return new ValueTask<IPodProxy>(new Proxy(this, pod, netns));
    }

    private sealed class Proxy(TestProxies owner, PodInfo pod, NetworkNamespace netns) : IPodProxy
    {
        public ValueTask StopAsync(PodStop how)
        {
            owner.Events.Enqueue($"stopped {pod.Uid} {how}");
            Assert.False(netns.Descriptor.IsClosed, "the namespace is open until the proxy was stopped");
            owner.Running.TryRemove(new(pod.Uid, netns.Key));
            return ValueTask.CompletedTask;
        }
    }
}
