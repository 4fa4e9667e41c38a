using Ambient.Model.Identities;

namespace Ambient.ControlPlane.Authority;

/// <summary>What the API server has just said no to: a node that keeps asking does not keep the API server busy. Thread-safe; bounded.</summary>
internal sealed class RecentRefusals(TimeProvider time)
{
    private const int Capacity = 8_192;
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Node, SpiffeId Identity), long> _at = [];

    public bool Has(string node, SpiffeId identity)
    {
        lock (_lock)
            return _at.TryGetValue((node, identity), out var at) && time.GetElapsedTime(at) < Kept;
    }

    public void Add(string node, SpiffeId identity)
    {
        lock (_lock)
        {
            if (_at.Count >= Capacity)
                _at.Clear();
            _at[(node, identity)] = time.GetTimestamp();
        }
    }
}
