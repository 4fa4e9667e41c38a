using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>What the status of a Service, ServiceEntry or WorkloadEntry says about its waypoint. Pure.</summary>
internal static class ServiceConditions
{
    public const string WaypointBound = "istio.io/WaypointBound";
    public const string WaypointMissing = "istio.io/WaypointMissing";
    public const string VisibilityApplied = "istio.io/VisibilityApplied";

    /// <summary>All types of the family.</summary>
    public static readonly string[] Types = [VisibilityApplied, WaypointBound, WaypointMissing];

    /// <param name="isGuarded">Its pods refuse what comes around the waypoint.</param>
    /// <param name="ingressLabel">As for <see cref="ServiceBuilder"/>.</param>
    public static List<Condition> ForService(WaypointResolution waypoint, bool isGuarded, string? ingressLabel, NamespaceFacts ns, long? generation)
    {
        var effective = ingressLabel ?? ns.Label(MeshLabels.IngressUseWaypoint);
        var ingress = effective is null ? null : effective == "true"
            ? "Ingress traffic will traverse the waypoint."
            : "Ingress traffic is not using the waypoint.";
        var bound = Bound(waypoint, isGuarded, ingress, generation);
        return bound is null ? [] : [bound];
    }

    /// <param name="ruled">Who may see it, as the mesh's configuration says; null if that says nothing.</param>
    public static List<Condition> ForEntry(Kubernetes.Resources.ServiceEntry entry, ServiceFacts facts, WaypointResolution waypoint, bool isGuarded,
        string? ingressLabel, NamespaceFacts ns, EntryVisibility? ruled)
    {
        var generation = entry.Metadata.Generation;
        var conditions = ForService(waypoint, isGuarded, ingressLabel, ns, generation);
        if (waypoint.Waypoint is not null && Unsupported(entry, facts) is { Length: > 0 } unsupported) conditions[0] = conditions[0] with { Message = $"{conditions[0].Message} {unsupported}" };
        if (waypoint.Waypoint is null && Missing(entry, facts, generation) is { } missing) conditions.Add(missing);
        if (Visible(EntryExport.Of(entry), ruled, generation) is { } visible) conditions.Add(visible);
        conditions.Sort(static (left, right) => string.CompareOrdinal(left.Type, right.Type));
        return conditions;
    }

    /// <returns>Null if no waypoint is asked for.</returns>
    public static Condition? Bound(WaypointResolution waypoint, bool isGuarded, string? ingress, long? generation)
    {
        if (waypoint.Problem is { } problem)
            return New(WaypointBound, false, problem.Reason, isGuarded ? $"{problem.Message}; until then its pods refuse connections" : problem.Message, generation);
        if (waypoint.Waypoint is not { } bound) return null;

        List<string> sentences = [$"Successfully attached to waypoint {bound.Name}."];
        if (isGuarded) sentences.Add("Its pods refuse what comes around it.");
        if (waypoint.Canary is { } canary) sentences.Add($"{waypoint.CanaryWeight} % of traffic goes to canary waypoint {canary.Name}.");
        if (ingress is not null) sentences.Add(ingress);
        if (waypoint.CanaryProblem is { } canaryProblem) sentences.Add($"No canary ({canaryProblem.Reason}): {canaryProblem.Message}.");
        return New(WaypointBound, true, "WaypointAccepted", string.Join(' ', sentences), generation);
    }

    public static Condition New(string type, bool status, string reason, string message, long? generation) => new()
    {
        Type = type,
        Status = status ? "True" : "False",
        Reason = reason,
        Message = message,
        ObservedGeneration = generation,
    };

    private static Condition? Missing(Kubernetes.Resources.ServiceEntry entry, ServiceFacts facts, long? generation)
    {
        // With resolution NONE the client's own address is used; only a waypoint can make a name of a wildcard.
        if (facts.Resolution != "NONE" && facts.Hostnames.FirstOrDefault(HostPattern.IsWildcard) is { } wildcard)
            return New(WaypointMissing, true, "NoWaypointForWildcardService",
                $"Host {wildcard} is a wildcard: only a waypoint can tell which host is meant. Set the label {MeshLabels.UseWaypoint}.", generation);
        if (IsRacing(entry))
            return New(WaypointMissing, true, "NoWaypointForRacingConnectStrategy",
                $"{MeshAnnotations.ConnectStrategy} takes effect at a waypoint only. Set the label {MeshLabels.UseWaypoint}.", generation);
        return null;
    }

    /// <summary>What the entry asks of its waypoint and does not get.</summary>
    private static string Unsupported(Kubernetes.Resources.ServiceEntry entry, ServiceFacts facts)
    {
        List<string> sentences = [];
        if (IsItsOwnEndpoint(entry, facts) && facts.Hostnames.FirstOrDefault(HostPattern.IsWildcard) is { } wildcard)
            sentences.Add($"Hosts of {wildcard} are not looked up as they are asked for, which is not supported: requests for them are answered with 503. Write the hosts out, or give it endpoints.");
        if (IsRacing(entry))
            sentences.Add($"{MeshAnnotations.ConnectStrategy} is not supported and has no effect: one address is connected to at a time.");
        return string.Join(' ', sentences);
    }

    private static bool IsItsOwnEndpoint(Kubernetes.Resources.ServiceEntry entry, ServiceFacts facts) =>
        facts.IsLookedUp && entry.Spec is { WorkloadSelector: null, Endpoints: null or { Count: 0 } };

    private static bool IsRacing(Kubernetes.Resources.ServiceEntry entry) => entry.Metadata.Annotation(MeshAnnotations.ConnectStrategy) == "RACE_FIRST_TCP_CONNECT";

    private static Condition? Visible(EntryExport export, EntryVisibility? ruled, long? generation)
    {
        var (own, isExact) = export;
        if (!isExact && ruled is null or EntryVisibility.Public)
            return New(VisibilityApplied, false, "UnsupportedValue", "exportTo names some namespaces beside its own, which is not honoured: it is visible to all clients. Use '.', '~' or '*'.", generation);
        if (ruled is null && own == EntryVisibility.Public) return null;
        var isRuled = ruled is { } rule && rule >= own;
        var by = isRuled ? "the mesh configuration" : "exportTo";
        return (isRuled ? ruled : own) switch
        {
            EntryVisibility.Namespace => New(VisibilityApplied, true, "Namespace", $"Visible to clients of its own namespace only, as {by} says.", generation),
            EntryVisibility.None => New(VisibilityApplied, true, "None", $"Visible to nobody, as {by} says.", generation),
            _ => New(VisibilityApplied, true, "Public", "Visible to all clients.", generation),
        };
    }
}
