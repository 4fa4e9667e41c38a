using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Backends;

/// <summary>What came of one target of a BackendTLSPolicy.</summary>
/// <param name="Ancestors">Waypoints that honour it, or the target itself where there is none.</param>
/// <param name="Text">The target, as users write it.</param>
/// <param name="Refusal">Reason and message; null where it is honoured.</param>
internal sealed record BackendOutcome(IReadOnlyList<ParentReference> Ancestors, string Text, (string Reason, string Message)? Refusal);

/// <summary>What the status of a BackendTLSPolicy says at each of its ancestors. Pure.</summary>
internal static class BackendTlsConditions
{
    private const int LongestMessage = 4096;

    /// <param name="most">Entries that there is room for.</param>
    public static IReadOnlyList<ParentConditions> Of(
        BackendTlsFacts facts, IReadOnlyList<BackendOutcome> outcomes, ResolvedAuthorities authorities, int most, long? generation)
    {
        var resolved = authorities.Unresolved is var (reason, message) ? New("ResolvedRefs", false, reason, message) : New("ResolvedRefs", true, "ResolvedRefs", "All certificate authorities are there.");
        return [.. outcomes.SelectMany(static outcome => outcome.Ancestors.Select(ancestor => (Ancestor: ancestor, Outcome: outcome)))
            .GroupBy(static one => StatusEntries.KeyOf(one.Ancestor)).Take(most)
            .Select(group => new ParentConditions(group.First().Ancestor, [AcceptedOf([.. group.Select(static one => one.Outcome)]), resolved]))];

        Condition AcceptedOf(List<BackendOutcome> here)
        {
            if (facts.Problem is { } problem) return New("Accepted", false, "Invalid", $"{problem} Its services are not reached: they are answered with 503.");
            if (authorities is { Pem.Length: 0, Unresolved: { } missing }) return New("Accepted", false, "NoValidCACertificate", $"{missing.Message} Without any authority no server is reached: requests are answered with 503.");
            var honoured = string.Join(", ", here.Where(static outcome => outcome.Refusal is null).Select(static outcome => outcome.Text));
            if (here.Find(static outcome => outcome.Refusal is not null)?.Refusal is var (why, text))
                return New("Accepted", false, why, $"{text}{(honoured.Length > 0 ? $" It is honoured for {honoured}." : "")}");
            return New("Accepted", true, "Accepted", $"TLS is begun towards the servers of {honoured}. {facts.Remark}".TrimEnd());
        }

        Condition New(string type, bool status, string why, string text) =>
            ServiceConditions.New(type, status, why, text.Length <= LongestMessage ? text : text[..LongestMessage], generation);
    }
}
