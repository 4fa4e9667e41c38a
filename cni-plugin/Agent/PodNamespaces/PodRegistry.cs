using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.PodNamespaces;

/// <summary>The enrolled pods of this node with the namespaces held open for them: what a node proxy is told when it connects.</summary>
/// <remarks>Thread-safe. A namespace is closed when its pod is dropped or replaced, but never while it is being sent.</remarks>
internal sealed class PodRegistry : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Held> _pods = [];
    private readonly Dictionary<string, NamespaceKey> _claims = [];

    /// <summary>From now on the namespace is this pod's alone, until the pod claims another or is dropped.</summary>
    /// <exception cref="PodNamespaceException">It is another pod's: their identities would be mixed up.</exception>
    public void Claim(PodSpec pod, NamespaceKey netns)
    {
        lock (_lock)
        {
            if (_claims.FirstOrDefault(claim => claim.Value == netns && claim.Key != pod.Uid).Key is { } other)
                throw new PodNamespaceException($"Its network namespace is that of pod {_pods.GetValueOrDefault(other)?.Pod.ToString() ?? other} already. " +
                    "Has that one ended without the agent having been told? A restart of the agent looks at all pods anew.");
            _claims[pod.Uid] = netns;
        }
    }

    /// <summary>The namespace that the pod claimed last; null if it never did.</summary>
    public NamespaceKey? ClaimOf(string uid)
    {
        lock (_lock)
            return _claims.TryGetValue(uid, out var netns) ? netns : null;
    }

    /// <summary>The pod exists; its namespace is not open yet. Changes nothing if it is known.</summary>
    public void Announce(PodSpec pod)
    {
        lock (_lock)
            _pods.TryAdd(pod.Uid, new Held(pod, null));
    }

    /// <param name="netns">Taken over; null if the pod exists but its namespace is not known to us any more.</param>
    /// <returns>Whether it is new: an unknown pod, or a known one with another namespace or description.</returns>
    public bool Hold(PodSpec pod, NetworkNamespace? netns)
    {
        lock (_lock)
        {
            var isKnown = _pods.TryGetValue(pod.Uid, out var before) && before.Pod == pod && before.Netns?.Key == netns?.Key;
            _pods[pod.Uid] = new Held(pod, netns);
            before?.Netns?.Dispose();
            return !isKnown;
        }
    }

    /// <summary>Forgets a pod and closes its namespace.</summary>
    public void Drop(string uid)
    {
        lock (_lock)
        {
            _claims.Remove(uid);
            if (_pods.Remove(uid, out var pod))
                pod.Netns?.Dispose();
        }
    }

    /// <summary>All uids, in no order.</summary>
    public IReadOnlyList<string> Uids()
    {
        lock (_lock)
            return [.. _pods.Keys];
    }

    /// <summary>The namespace held for a pod, open for the caller to dispose; null if none is held.</summary>
    public NetworkNamespace? Open(string uid)
    {
        lock (_lock)
        {
            return _pods.GetValueOrDefault(uid)?.Netns is { } netns
                ? NetworkNamespace.FromDescriptor(netns.Descriptor.Duplicate())
                : null;
        }
    }

    /// <summary>Runs <paramref name="use"/> with a pod and a descriptor that is its own and closed afterwards; null without one.</summary>
    /// <returns>False if the pod is not held (any more); nothing was run.</returns>
    public bool TryUse(string uid, Action<PodSpec, Descriptor?> use)
    {
        PodSpec pod;
        Descriptor? descriptor;
        lock (_lock)
        {
            if (!_pods.TryGetValue(uid, out var held))
                return false;
            pod = held.Pod;
            descriptor = held.Netns?.Descriptor.Duplicate();
        }
        using (descriptor)
            use(pod, descriptor);
        return true;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var pod in _pods.Values)
                pod.Netns?.Dispose();
            _pods.Clear();
        }
    }

    private sealed record Held(PodSpec Pod, NetworkNamespace? Netns);
}
