using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>How many routes each waypoint has: those that a service has accepted which uses it.</summary>
internal sealed class RouteCounts
{
    private readonly Dictionary<ObjectName, int> _counts = [];
    private HashSet<ObjectName> _changed = [];

    /// <summary>By gateway; without those that have none.</summary>
    public IReadOnlyDictionary<ObjectName, int> All => _counts;

    /// <summary>What the route is for from now on.</summary>
    public void Set(RouteNode route, ObjectName[] gateways)
    {
        if (route.Gateways.AsSpan().SequenceEqual(gateways)) return;
        foreach (var gateway in route.Gateways) Add(gateway, -1);
        foreach (var gateway in gateways) Add(gateway, 1);
        route.Gateways = gateways;
    }

    /// <summary>Those that have changed since the last call.</summary>
    public IReadOnlyDictionary<ObjectName, int> Take()
    {
        var changed = _changed.ToDictionary(static gateway => gateway, gateway => _counts.GetValueOrDefault(gateway));
        if (_changed.Count > 0) _changed = [];
        return changed;
    }

    private void Add(ObjectName gateway, int routes)
    {
        var count = _counts.GetValueOrDefault(gateway) + routes;
        if (count > 0) _counts[gateway] = count;
        else _counts.Remove(gateway);
        _changed.Add(gateway);
    }
}
