using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Balancing;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;

namespace Ambient.Waypoint.Upstreams;

/// <summary>Servers by places, as a DestinationRule wants them used from where this waypoint runs. Pure.</summary>
internal static class LocalityPlaces
{
    /// <returns>False for a server that gets no requests from here.</returns>
    public static bool IsUsed(LocalityBalancing wish, in ClientPlace us, Workload server) => wish.SharesFrom(us.Locality) is not { } shares || shares.IndexOf(server.Locality) >= 0;

    /// <param name="servers">Those that are used.</param>
    /// <returns>Null if they are all alike.</returns>
    public static ServerPlaces? Of(LocalityBalancing wish, ClientPlace us, IReadOnlyList<UpstreamEndpoint> servers)
    {
        if (wish.SharesFrom(us.Locality) is { } shares)
        {
            var places = servers.GroupBy(server => shares.IndexOf(((Workload)server.Subject!).Locality)).OrderBy(static place => place.Key).ToList();
            return places.Count < 2 ? null : new([.. places.Select(static place => place.ToList())], [.. places.Select(place => shares.To[place.Key].Weight)]);
        }
        if (!wish.Distribute.IsEmpty) return null;
        var ranked = servers.GroupBy(server => wish.DistanceTo((Workload)server.Subject!, us)).OrderBy(static place => place.Key).Select(static place => place.ToList()).ToList();
        return ranked.Count < 2 ? null : new(ranked, null);
    }
}
