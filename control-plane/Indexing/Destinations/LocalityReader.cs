using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Destinations;

/// <summary>What a DestinationRule says of places → the model's. Pure.</summary>
internal static class LocalityReader
{
    private const int MostEntries = 64, MostLabels = 16, LongestPlace = 253;

    /// <param name="hasOutliers">Servers may be found to be not well: without that no place is ever left for another.</param>
    /// <returns>Null if it changes nothing.</returns>
    /// <exception cref="UnusablePartException">It cannot be honoured.</exception>
    public static LocalityBalancing? Read(LocalitySettingSpec? spec, bool hasOutliers)
    {
        if (spec is null or { Enabled: false }) return null;
        var (distribute, failover, labels) = (spec.Distribute ?? [], spec.Failover ?? [], spec.FailoverPriority ?? []);
        if (Math.Min(distribute.Count, 1) + Math.Min(failover.Count, 1) + Math.Min(labels.Count, 1) > 1) throw new UnusablePartException("name one of distribute, failover and failoverPriority.");
        if (distribute.Count > MostEntries || failover.Count > MostEntries || labels.Count > MostLabels) throw new UnusablePartException($"at most {MostEntries} places or {MostLabels} labels.");
        if (distribute.Count > 0) return new() { Distribute = distribute.Select(SharesOf).ToEquatableArray() };
        if (!hasOutliers) throw new UnusablePartException("without outlierDetection no place is left for another; set it too.");
        return new() { Failover = failover.Select(FailoverOf).ToEquatableArray(), Nearness = labels.Select(ScopeOf).ToEquatableArray() };
    }

    private static LocalityShares SharesOf(LocalityDistributeSpec spec)
    {
        var to = spec?.To ?? new Dictionary<string, long>();
        if (to.Count is 0 or > MostEntries) throw new UnusablePartException($"distribute.to: {to.Count} places; name 1 to {MostEntries}.");
        if (to.Values.Any(static weight => weight is < 0 or > 100) || to.Values.Sum() != 100) throw new UnusablePartException("distribute.to: the shares must add up to 100.");
        return new(PatternOf(spec!.From), to.Where(static share => share.Value > 0).OrderBy(static share => share.Key, StringComparer.Ordinal)
            .Select(static share => new LocalityShare(PatternOf(share.Key), (uint)share.Value)).ToEquatableArray());
    }

    private static LocalityPattern PatternOf(string? text)
    {
        var parts = (text ?? "").Split('/');
        if (text is not { Length: > 0 and <= LongestPlace } || parts.Length > 3 || parts.Any(static part => part.Length == 0)) throw new UnusablePartException($"{Findings.Quote(text)} is no place; write region/zone/subzone.");
        var said = parts.Select(static part => part == "*" ? "" : part).Concat(["", ""]).ToArray();
        // Places are named from the whole to the part.
        if ((said[0].Length == 0 && said[1].Length + said[2].Length > 0) || (said[1].Length == 0 && said[2].Length > 0)) throw new UnusablePartException($"{Findings.Quote(text)}: nothing may follow a '*' but '*'.");
        return new(said[0], said[1], said[2]);
    }

    private static RegionFailover FailoverOf(LocalityFailoverSpec spec)
    {
        if (spec is not { From: { Length: > 0 and <= LongestPlace } from, To: { Length: > 0 and <= LongestPlace } to } || from == to || from.Contains('/') || to.Contains('/'))
            throw new UnusablePartException("failover: from and to are two regions.");
        return new(from, to);
    }

    // Waypoints know of servers where they are, not all of their labels.
    private static LocalityScope ScopeOf(string label) => label switch
    {
        MeshLabels.Region => LocalityScope.Region,
        MeshLabels.Zone => LocalityScope.Zone,
        MeshLabels.Subzone => LocalityScope.Subzone,
        "kubernetes.io/hostname" => LocalityScope.Node,
        "topology.istio.io/cluster" => LocalityScope.Cluster,
        MeshLabels.Network => LocalityScope.Network,
        _ => throw new UnusablePartException($"failoverPriority: {Findings.Quote(label)} is not known to waypoints; use labels of topology, without values."),
    };
}
