using Ambient.Model.Workloads;

namespace Ambient.Model.Balancing;

/// <summary>How near an endpoint is to a client by a service's routing preferences.</summary>
internal static class EndpointRank
{
    /// <summary>The endpoint may not be used.</summary>
    public const int Excluded = -1;

    /// <summary>Higher is nearer; only endpoints of the highest rank are used.</summary>
    public static int Of(LoadBalancing balancing, in ClientPlace client, Workload workload)
    {
        if (balancing.Mode is not (LoadBalancingMode.Strict or LoadBalancingMode.Failover)) return 0;

        var preferences = balancing.RoutingPreferences.AsSpan();
        // With the network first, the other scopes still rank the endpoints of another network among themselves,
        // but every endpoint of our own network comes before all of them.
        var networkFirst = preferences.Length > 0 && preferences[0] == LocalityScope.Network;
        var sameNetwork = client.Network == workload.Network;

        var matches = 0;
        foreach (var scope in preferences)
        {
            if (client.Shares(scope, workload)) matches++;
            else if (!networkFirst || scope != LocalityScope.Network) break;
        }

        if (balancing.Mode == LoadBalancingMode.Strict && matches != preferences.Length) return Excluded;
        return networkFirst && sameNetwork ? matches + preferences.Length - 1 : matches;
    }
}
