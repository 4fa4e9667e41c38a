using System.Diagnostics.CodeAnalysis;

namespace Ambient.Tls.Verification;

/// <summary>What a peer presented, and as what: the purposes of clients and servers differ.</summary>
/// <param name="High">With <paramref name="Low"/> SHA-256 over the presented chain.</param>
internal readonly record struct PresentedChainKey(UInt128 High, UInt128 Low, bool PeerIsClient);

/// <summary>The most recently used verified chains, up to a capacity. Thread-safe.</summary>
internal sealed class VerifiedPathCache(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PresentedChainKey, LinkedListNode<(PresentedChainKey Key, VerifiedPath Path)>> _entries = [];
    private readonly LinkedList<(PresentedChainKey Key, VerifiedPath Path)> _byUse = []; // most recent first

    public int Count { get { lock (_gate) return _entries.Count; } }

    public bool TryGet(in PresentedChainKey key, [NotNullWhen(true)] out VerifiedPath? path)
    {
        lock (_gate)
        {
            path = null;
            if (!_entries.TryGetValue(key, out var node)) return false;
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            path = node.Value.Path;
            return true;
        }
    }

    public void Add(in PresentedChainKey key, VerifiedPath path)
    {
        if (capacity == 0) return;
        lock (_gate)
        {
            if (_entries.Remove(key, out var old)) _byUse.Remove(old);
            if (_entries.Count == capacity)
            {
                _entries.Remove(_byUse.Last!.Value.Key);
                _byUse.RemoveLast();
            }
            _entries[key] = _byUse.AddFirst((key, path));
        }
    }
}
