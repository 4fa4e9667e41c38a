using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Status;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>What became of running a gateway.</summary>
/// <param name="NotAccepted">The gateway, or what it refers to, cannot be used.</param>
/// <param name="NotProgrammed">It cannot take traffic yet.</param>
/// <param name="Addresses">Where it is reached; empty while it has none.</param>
internal sealed record ProvisioningOutcome(Refusal? NotAccepted, Refusal? NotProgrammed, IReadOnlyList<GatewayEndpoint> Addresses)
{
    /// <summary>The API, or an object of somebody else, stands in the way: we are not told when that changes.</summary>
    public bool IsRefused { get; init; }
}

/// <summary>What the status of a gateway of ours says. Pure.</summary>
internal static class GatewayReport
{
    private const string Accepted = "Accepted", Programmed = "Programmed", ResolvedRefs = "ResolvedRefs", Conflicted = "Conflicted", Invalid = "Invalid";

    /// <param name="attachedRoutes">How many routes a listener has, by its name.</param>
    public static GatewayStatus Of(Gateway gateway, GatewayReview review, ProvisioningOutcome outcome, Func<string, int> attachedRoutes)
    {
        var generation = gateway.Metadata.Generation;
        return new()
        {
            Addresses = outcome.Addresses,
            Conditions =
            [
                AcceptedOf(gateway, review, outcome, generation),
                False(Programmed, outcome.NotAccepted is { } refusal ? refusal with { Reason = Invalid } : outcome.NotProgrammed, generation)
                    ?? ServiceConditions.New(Programmed, true, Programmed, "The waypoint takes traffic.", generation),
                ServiceConditions.New(ResolvedRefs, true, ResolvedRefs, "Everything that listeners refer to is there.", generation),
            ],
            Listeners = [.. review.Listeners.Select(listener => Of(listener, outcome, attachedRoutes(listener.Listener.Name), generation))],
        };
    }

    /// <returns>True if <paramref name="shown"/> says it all; what others say beside it does not matter.</returns>
    public static bool IsSaid(GatewayStatus wanted, GatewayStatus? shown) =>
        shown is not null && HasAll(wanted.Conditions!, shown.Conditions)
        && wanted.Addresses!.SequenceEqual(shown.Addresses ?? [])
        && wanted.Listeners!.Count == (shown.Listeners?.Count ?? 0)
        && wanted.Listeners.Zip(shown.Listeners ?? []).All(static pair => IsSaid(pair.First, pair.Second));

    /// <summary>The same with the times at which conditions have turned.</summary>
    public static GatewayStatus Dated(GatewayStatus wanted, GatewayStatus? shown, DateTimeOffset now) => wanted with
    {
        Conditions = [.. StatusDocument.Dated(wanted.Conditions!, shown?.Conditions ?? [], now)],
        Listeners = [.. wanted.Listeners!.Select(listener => listener with
        {
            Conditions = [.. StatusDocument.Dated(listener.Conditions!, shown?.Listeners?.FirstOrDefault(one => one?.Name == listener.Name)?.Conditions ?? [], now)],
        })],
    };

    public static bool HasAll(IEnumerable<Condition> wanted, IReadOnlyList<Condition>? shown) =>
        wanted.All(condition => shown?.Any(found => found is not null && StatusDocument.IsSame(condition, found)) == true);

    private static bool IsSaid(ListenerStatus wanted, ListenerStatus? shown) =>
        shown is not null && (wanted.Name, wanted.AttachedRoutes) == (shown.Name, shown.AttachedRoutes) && wanted.SupportedKinds.SequenceEqual(shown.SupportedKinds)
        && HasAll(wanted.Conditions!, shown.Conditions);

    private static Condition AcceptedOf(Gateway gateway, GatewayReview review, ProvisioningOutcome outcome, long? generation)
    {
        if (False(Accepted, outcome.NotAccepted, generation) is { } refused) return refused;
        var unhonoured = GatewayAnnotations.Unhonoured(gateway);
        if (!review.Listeners.All(static listener => listener.IsUsable))
            return ServiceConditions.New(Accepted, true, "ListenersNotValid", $"Some listeners cannot be used; see their conditions.{(unhonoured.Length > 0 ? " " : "")}{unhonoured}", generation);
        return unhonoured.Length > 0
            ? ServiceConditions.New(Accepted, true, "UnsupportedValue", $"The waypoint is run. {unhonoured}", generation)
            : ServiceConditions.New(Accepted, true, Accepted, "The waypoint is as it should be.", generation);
    }

    private static ListenerStatus Of(ListenerReview review, ProvisioningOutcome outcome, int attachedRoutes, long? generation) => new()
    {
        Name = review.Listener.Name,
        AttachedRoutes = attachedRoutes,
        SupportedKinds = review.Kinds,
        Conditions =
        [
            False(Accepted, review.Unaccepted, generation) ?? ServiceConditions.New(Accepted, true, Accepted, "It takes tunnels.", generation),
            review.Conflict is { } conflict
                ? ServiceConditions.New(Conflicted, true, conflict.Reason, conflict.Message, generation)
                : ServiceConditions.New(Conflicted, false, "NoConflicts", "No other listener wants the same.", generation),
            ProgrammedOf(review, outcome, generation),
            False(ResolvedRefs, review.Unresolved, generation) ?? ServiceConditions.New(ResolvedRefs, true, ResolvedRefs, "Everything that it refers to is there.", generation),
        ],
    };

    private static Condition ProgrammedOf(ListenerReview review, ProvisioningOutcome outcome, long? generation)
    {
        if (!review.IsUsable) return ServiceConditions.New(Programmed, false, Invalid, "It cannot be used; see its other conditions.", generation);
        if (outcome.NotAccepted is { } refusal) return ServiceConditions.New(Programmed, false, Invalid, refusal.Message, generation);
        return False(Programmed, outcome.NotProgrammed is { Reason: not Invalid } waiting ? waiting with { Reason = "Pending" } : outcome.NotProgrammed, generation)
            ?? ServiceConditions.New(Programmed, true, Programmed, "It takes tunnels.", generation);
    }

    private static Condition? False(string type, Refusal? refusal, long? generation) =>
        refusal is null ? null : ServiceConditions.New(type, false, refusal.Reason, refusal.Message, generation);
}
