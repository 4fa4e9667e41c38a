using Ambient.Model.Balancing;
using Ambient.Model.Workloads;

namespace Ambient.Model.Traffic;

/// <summary>How requests are spread over places: by shares if there are any, else to the nearest place that has servers which are well. Immutable, equal by content.</summary>
public sealed record LocalityBalancing
{
    /// <summary>The first whose place is the waypoint's counts; without one all servers are alike.</summary>
    public EquatableArray<LocalityShares> Distribute { get; init; }

    /// <summary>Regions that come before other distant ones.</summary>
    public EquatableArray<RegionFailover> Failover { get; init; }

    /// <summary>What near means, the first first: servers that share more of it with the waypoint come before others. Empty: region, zone, subzone.</summary>
    public EquatableArray<LocalityScope> Nearness { get; init; }

    private static readonly EquatableArray<LocalityScope> Usual = [LocalityScope.Region, LocalityScope.Zone, LocalityScope.Subzone];

    /// <summary>What is shared out from a place; null if nothing is said of it.</summary>
    public LocalityShares? SharesFrom(Locality place)
    {
        foreach (var shares in Distribute)
            if (shares.From.Covers(place)) return shares;
        return null;
    }

    /// <summary>0 for the nearest; more the farther a server is.</summary>
    public int DistanceTo(Workload server, in ClientPlace client)
    {
        var near = Nearness.IsEmpty ? Usual : Nearness;
        var shared = 0;
        while (shared < near.Count && client.Shares(near[shared], server)) shared++;
        if (shared > 0 || Failover.IsEmpty) return near.Count - shared;
        foreach (var failover in Failover)
            if (failover.From == client.Locality.Region && failover.To == server.Locality.Region) return near.Count;
        return near.Count + 1;
    }
}

/// <param name="To">With shares above zero.</param>
public sealed record LocalityShares(LocalityPattern From, EquatableArray<LocalityShare> To)
{
    /// <summary>The share that a place has part in: of those that cover it, the one that says most of it; -1 if it gets nothing.</summary>
    public int IndexOf(Locality place)
    {
        var best = -1;
        for (var i = 0; i < To.Count; i++)
            if (To[i].Place.Covers(place) && (best < 0 || To[i].Place.Parts > To[best].Place.Parts)) best = i;
        return best;
    }
}

public readonly record struct LocalityShare(LocalityPattern Place, uint Weight);

public readonly record struct RegionFailover(string From, string To);

/// <summary>Places of a region, a zone and a subzone; empty parts stand for any.</summary>
public readonly record struct LocalityPattern(string Region, string Zone, string Subzone)
{
    /// <summary>How many parts it says.</summary>
    public int Parts => Math.Min(Region.Length, 1) + Math.Min(Zone.Length, 1) + Math.Min(Subzone.Length, 1);

    public bool Covers(Locality place) =>
        (Region.Length == 0 || Region == place.Region) && (Zone.Length == 0 || Zone == place.Zone) && (Subzone.Length == 0 || Subzone == place.Subzone);
}
