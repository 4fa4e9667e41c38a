using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>How near endpoints are preferred.</summary>
internal static class TrafficDistribution
{
    private static readonly LoadBalancing PreferClose = new()
    {
        Mode = LoadBalancingMode.Failover,
        RoutingPreferences = [LocalityScope.Network, LocalityScope.Region, LocalityScope.Zone],
    };

    private static readonly LoadBalancing PreferSameNode = new()
    {
        Mode = LoadBalancingMode.Failover,
        RoutingPreferences =
            [LocalityScope.Network, LocalityScope.Region, LocalityScope.Zone, LocalityScope.Subzone, LocalityScope.Node],
    };

    /// <summary>For <c>internalTrafficPolicy: Local</c>.</summary>
    public static readonly LoadBalancing OnlySameNode = new()
    {
        Mode = LoadBalancingMode.Strict,
        RoutingPreferences = [LocalityScope.Node],
    };

    /// <returns>Null for an unknown word.</returns>
    public static LoadBalancing? Named(string? word) => word?.ToLowerInvariant() switch
    {
        "preferclose" or "prefersamezone" => PreferClose,
        "prefersamenode" => PreferSameNode,
        _ => null,
    };

    /// <summary>The object's word or its annotation; null if it leaves the choice to its namespace.</summary>
    public static LoadBalancing? Of(string? word, string? annotation, Findings findings)
    {
        foreach (var (field, text) in new[]
            { ("spec.trafficDistribution", word), ($"metadata.annotations[{MeshAnnotations.TrafficDistribution}]", annotation) })
        {
            if (text is not { Length: > 0 }) continue;
            if (Named(text) is { } known) return known;
            findings.Add(field, $"{Findings.Quote(text)} is not known; it is ignored.", "Use PreferClose, PreferSameZone or PreferSameNode.");
        }
        return null;
    }

    public static LoadBalancing? Of(NamespaceFacts ns) => Named(ns.Annotation(MeshAnnotations.TrafficDistribution));
}
