namespace Ambient.HttpProxy.Upstreams;

/// <summary>The servers of a cluster by places. Immutable.</summary>
/// <param name="places">Each with at least one server.</param>
/// <param name="weights">The places' shares, each above zero; null: a place is used as far as the servers of those before it are not well.</param>
public sealed class ServerPlaces(IReadOnlyList<IReadOnlyList<UpstreamEndpoint>> places, IReadOnlyList<uint>? weights)
{
    // As much more as usual may be asked of the servers of a place that are well, before the next one takes part (as Envoy has it).
    private const double Overload = 1.4;

    /// <param name="dice">From 0 to below 1.</param>
    /// <param name="countsEjections">Those that are ejected are not to be asked.</param>
    internal IReadOnlyList<UpstreamEndpoint> Choose(double dice, bool countsEjections) => weights is null ? ByRank(dice, countsEjections) : ByShare(weights, dice, countsEjections);

    /// <summary>The places in the order in which they are looked at when one server is wanted.</summary>
    internal IEnumerable<IReadOnlyList<UpstreamEndpoint>> InOrder => weights is null ? places : [[.. places.SelectMany(static place => place)]];

    private IReadOnlyList<UpstreamEndpoint> ByRank(double dice, bool countsEjections)
    {
        IReadOnlyList<UpstreamEndpoint>? nearest = null;
        foreach (var place in places)
        {
            var well = WellOf(place, countsEjections);
            if (well == 0) continue;
            nearest ??= place;
            dice -= Math.Min(1, Overload * well / place.Count);
            if (dice < 0) return place;
        }
        return nearest ?? places[0];
    }

    private IReadOnlyList<UpstreamEndpoint> ByShare(IReadOnlyList<uint> shares, double dice, bool countsEjections)
    {
        var (total, all) = (0L, 0L);
        for (var i = 0; i < places.Count; i++)
        {
            all += shares[i];
            if (WellOf(places[i], countsEjections) > 0) total += shares[i];
        }
        var ticket = dice * (total > 0 ? total : all);
        for (var i = 0; i < places.Count; i++)
        {
            if (total > 0 && WellOf(places[i], countsEjections) == 0) continue;
            ticket -= shares[i];
            if (ticket < 0) return places[i];
        }
        return places[^1];
    }

    private static int WellOf(IReadOnlyList<UpstreamEndpoint> place, bool countsEjections)
    {
        if (!countsEjections) return place.Count;
        var well = 0;
        for (var i = 0; i < place.Count; i++)
            if (!place[i].Health.IsEjected) well++;
        return well;
    }
}
