using System.Collections.Concurrent;
using Ambient.Tls;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The proxies that run, for what concerns all of them. Thread-safe.</summary>
internal sealed class PodRegistry
{
    private readonly ConcurrentDictionary<PodProxy, byte> _running = new();

    public int Count => _running.Count;

    public void Add(PodProxy proxy) => _running[proxy] = 0;

    public void Remove(PodProxy proxy) => _running.TryRemove(proxy, out _);

    /// <summary>Closes every tunnel, in both directions, whose peer <paramref name="isRevoked"/> names.</summary>
    public void CloseRevoked(Func<PeerIdentity, bool> isRevoked)
    {
        foreach (var (proxy, _) in _running)
        {
            foreach (var part in proxy.Parts)
            {
                part.Loop.Post(() =>
                {
                    part.Acceptor.CloseRevoked(isRevoked);
                    part.Pool.CloseRevoked(isRevoked);
                });
            }
        }
    }
}
