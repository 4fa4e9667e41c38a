using Ambient.Linux.Namespaces;

namespace Ambient.Ztunnel.Pods;

/// <summary>How a pod's proxy is to end.</summary>
internal enum PodStop
{
    /// <summary>Listeners and connections close now: the pod is gone.</summary>
    Immediate,

    /// <summary>The pod goes away or leaves the mesh: peers are told, connections may finish for as long as its interface can be expected to stay.</summary>
    Leaving,

    /// <summary>The process ends: connections may finish until the drain deadline.</summary>
    Graceful,
}

/// <summary>What serves one pod: its listeners and connections.</summary>
internal interface IPodProxy
{
    /// <summary>Ends the proxy; returns when it holds nothing of the pod any more. Called once.</summary>
    ValueTask StopAsync(PodStop how);
}

/// <summary>Starts what serves a pod.</summary>
internal interface IPodProxyFactory
{
    /// <summary>Returns once all listeners are bound: the agent is told "done" then, and the pod's processes may start.</summary>
    /// <param name="pod">Whose connections these will be.</param>
    /// <param name="netns">Where its sockets are made. Borrowed: open until the proxy was stopped, disposed by the caller.</param>
    /// <param name="isArriving">It starts or enters the mesh now; otherwise it may have been served before, by another process.</param>
    /// <param name="stop">Gives up; nothing is left behind.</param>
    /// <exception cref="Exception">Not started and nothing left behind; the message goes to the agent and to the log.</exception>
    ValueTask<IPodProxy> StartAsync(PodInfo pod, NetworkNamespace netns, bool isArriving, CancellationToken stop);
}
