using Ambient.Model.Policies;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>The policies by which workloads refuse what comes around their waypoints. Each is published for as long as a workload refers to it.</summary>
internal sealed class WaypointGuards(ChangeLog log)
{
    private readonly Dictionary<string, int> _uses = [];

    /// <summary>What the workload refers to from now on, instead of what it referred to before.</summary>
    /// <param name="guards">Of equal names, equal.</param>
    /// <returns>Their keys, in order.</returns>
    public string[] Set(WorkloadNode node, IEnumerable<AuthorizationPolicy> guards)
    {
        var before = node.Guards;
        List<string> keys = [];
        foreach (var guard in guards)
        {
            keys.Add(guard.Key);
            _uses[guard.Key] = _uses.GetValueOrDefault(guard.Key) + 1;
            log.Set(guard.Key, guard);
        }
        node.Guards = keys.Count == 0 ? [] : [.. keys];
        foreach (var key in before) Release(key);
        return node.Guards;
    }

    private void Release(string key)
    {
        if (--_uses[key] > 0) return;
        _uses.Remove(key);
        log.Set(key, (AuthorizationPolicy?)null);
    }
}
