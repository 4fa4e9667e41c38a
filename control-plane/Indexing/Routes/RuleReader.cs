using Ambient.ControlPlane.Indexing.Graph;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>One rule of a route → <see cref="RuleFacts"/>. Pure.</summary>
/// <param name="limit">For every rule of the route.</param>
/// <param name="connections">The same, where no requests are seen.</param>
internal sealed class RuleReader(RouteKind kind, string ns, RateLimit? limit, RouteMatch connections)
{
    private const int MostBackends = 16, MostFilters = 16, MaxWeight = 1_000_000, MostCodes = 64;

    /// <exception cref="UnusablePartException">It cannot be honoured as it is written.</exception>
    public RuleFacts Read(RouteRuleSpec rule)
    {
        if (rule.Problem is { } problem) throw new UnusablePartException($"It cannot be read: {problem}");
        if (rule.SessionPersistence is not null) throw new UnusablePartException("sessionPersistence is not supported; use a DestinationRule with consistentHash.");
        var matches = MatchesOf(rule);
        var filters = FiltersOf(rule.Filters, matches, onBackend: false);
        var retries = RetriesOf(rule);
        var backends = Limited(rule.BackendRefs, MostBackends, "backendRefs").Select(backend => Backend(backend, matches)).ToEquatableArray();
        var action = new RouteAction
        {
            Cors = filters.Cors,
            RateLimit = limit,
            Redirect = filters.Redirect,
            Direct = filters.Missing is null ? null : ServerError,
            RequestEdits = filters.RequestEdits,
            ResponseEdits = filters.ResponseEdits,
            Rewrite = filters.Rewrite,
            Timeout = TimeOf(rule.Timeouts?.Request),
            Retries = retries,
        };
        var mirrors = filters.Mirrors.Select(mirror => new MirrorFacts(Backend(mirror.Backend, matches), mirror.Percent)).ToEquatableArray();
        return new(new(rule.Name ?? "", matches, filters.Missing is null ? action : action with { Redirect = null }), backends, mirrors, filters.Missing);
    }

    /// <summary>A rule that takes the requests and answers them with an error.</summary>
    /// <returns>Null if nobody can tell which requests.</returns>
    public RuleFacts? Closed(RouteRuleSpec rule)
    {
        if (rule is { Problem: not null, Matches: null }) return null;
        try { return new(new(rule.Name ?? "", MatchesOf(rule), new() { Direct = ServerError }), default, default, null); }
        catch (UnusablePartException) { return null; }
    }

    private static DirectResponse ServerError => new(500, "");

    private EquatableArray<RouteMatch> MatchesOf(RouteRuleSpec rule) => kind is RouteKind.HttpRoute or RouteKind.GrpcRoute
        ? MatchReader.Read(rule.Matches, kind)
        : rule.Matches is null or [] ? [connections] : throw new UnusablePartException("Connections have no matches.");

    private FilterSet FiltersOf(IReadOnlyList<RouteFilter>? filters, EquatableArray<RouteMatch> matches, bool onBackend)
    {
        var given = Limited(filters, MostFilters, "filters");
        if (given.Count > 0 && kind is not (RouteKind.HttpRoute or RouteKind.GrpcRoute)) throw new UnusablePartException("Connections have no filters.");
        return FilterReader.Read(given, matches, kind, onBackend);
    }

    private BackendFacts Backend(BackendReference? reference, EquatableArray<RouteMatch> matches)
    {
        if (reference is null) throw new UnusablePartException("A backendRef is null.");
        var filters = FiltersOf(reference.Filters, matches, onBackend: true);
        var weight = reference.Weight is null ? 1 : reference.Weight is >= 0 and <= MaxWeight ? (uint)reference.Weight
            : throw new UnusablePartException($"The weight {reference.Weight} is not from 0 to {MaxWeight}.");
        var name = new ObjectName(reference.Namespace is { Length: > 0 } other ? other : ns, reference.Name);
        TargetKey? target = (reference.Group ?? "", reference.Kind ?? "Service") switch
        {
            ("" or "core", "Service") => new(TargetKind.Service, name),
            (PolicyTargets.EntryGroup, "ServiceEntry") => new(TargetKind.ServiceEntry, name),
            _ => null,
        };
        return new(target, name, reference.Kind ?? "Service", reference.Port is { } port ? HttpTexts.Port(port) : (ushort)0,
            new(weight, filters.RequestEdits, filters.ResponseEdits, filters.Rewrite, filters.Redirect), filters.Missing);
    }

    private static TimeSpan TimeOf(string? text) => text is null ? TimeSpan.Zero : Durations.OfGateway(text);

    /// <summary>A rule that says nothing has the default; one that says something also tries again where there was no answer.</summary>
    private static RetryPolicy? RetriesOf(RouteRuleSpec rule)
    {
        var (whole, each) = (TimeOf(rule.Timeouts?.Request), TimeOf(rule.Timeouts?.BackendRequest));
        if (whole > TimeSpan.Zero && each > whole) throw new UnusablePartException("timeouts.backendRequest is longer than timeouts.request.");
        if (rule.Retry is not { } retry) return each > TimeSpan.Zero ? RetryPolicy.Default with { PerTryTimeout = each } : null;
        if (retry.Attempts is < 1) throw new UnusablePartException($"retry.attempts is {retry.Attempts}, at least 1 is allowed.");
        var codes = Limited(retry.Codes, MostCodes, "retry.codes");
        if (codes.Any(static code => code is < 400 or > 599)) throw new UnusablePartException("retry.codes has one that is not from 400 to 599.");
        return new()
        {
            Attempts = (int)Math.Min(retry.Attempts ?? RetryPolicy.Default.Attempts, RetryPolicy.MaxAttempts),
            On = RetryOn.ConnectFailure | RetryOn.RefusedStream | RetryOn.Reset | (codes.Count > 0 ? RetryOn.StatusCodes : RetryOn.None),
            Codes = codes.Select(static code => (int)code).ToEquatableArray(),
            PerTryTimeout = each,
            BackoffLeast = TimeOf(retry.Backoff),
        };
    }

    private static IReadOnlyList<T> Limited<T>(IReadOnlyList<T>? list, int most, string field) => list is null ? [] : list.Count <= most ? list
        : throw new UnusablePartException($"{field} has {list.Count} entries, at most {most} are allowed.");
}
