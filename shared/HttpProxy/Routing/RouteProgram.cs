using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Routing;

/// <summary>Whose request it is, as far as a route asks.</summary>
/// <param name="Client">Its identity, for limits of each client; empty for one without.</param>
/// <param name="Port">That it dialled.</param>
public readonly record struct RouteCaller(string Client, ushort Port);

/// <summary>What a rule of a route does, prepared for many requests. Any thread.</summary>
/// <remarks>The order: rate limit, fault, CORS, redirect or direct answer, one of the backends by weight (waypoint reference, 4.1).</remarks>
public sealed class RouteProgram
{
    private readonly RouteAction _action;
    private readonly ProgramBackend[] _backends;
    private readonly uint _weights;
    private readonly CorsFilter? _cors;
    private readonly RedirectAnswer? _redirect;
    private readonly RoutePlan _own; // where no server is asked
    private readonly TokenBuckets? _limit;
    private readonly Func<RouteBackend, IUpstreamSource?> _sourceOf;

    /// <param name="name">For logs.</param>
    /// <param name="common">Edits of every request, before those of the route.</param>
    /// <param name="sourceOf">The servers of a backend; null if there is no such place.</param>
    /// <exception cref="ArgumentException">The action has a regular expression that cannot be used.</exception>
    public RouteProgram(string name, RouteAction action, HeaderEdits common, Func<RouteBackend, IUpstreamSource?> sourceOf, TimeProvider time)
    {
        _action = action;
        _cors = action.Cors is { } cors ? new(cors) : null;
        _redirect = action.Redirect is { } redirect ? new(redirect) : null;
        _own = new() { Name = name, ResponseEdits = FieldEdits.Of(action.ResponseEdits) };
        _limit = action.RateLimit is { } limit ? new(limit, time) : null;
        _backends = [.. action.Backends.Where(static backend => backend.Weight > 0).Select(backend => new ProgramBackend(name, action, backend, common, sourceOf))];
        _sourceOf = sourceOf;
        _weights = (uint)_backends.Sum(static backend => backend.Weight);
    }

    /// <param name="matched">What the request was found by.</param>
    public RouteDecision Decide(in RouteRequest request, PathMatch matched, in RouteCaller caller, Random random)
    {
        if (_limit?.TryTake(caller.Client, out var wait) == false) return RouteDecision.Answer(TooMany(wait));
        var delay = Draws(_action.Fault?.DelayPercent, random) ? _action.Fault!.Delay : TimeSpan.Zero;
        if (Draws(_action.Fault?.AbortPercent, random)) return RouteDecision.Answer(Abort(_action.Fault!)) with { Delay = delay };
        if (_cors?.Preflight(request) is { } preflight) return RouteDecision.Answer(preflight) with { Delay = delay };
        var decision = DecideWay(request, matched, caller, random);
        return decision with { Delay = delay, ResponseFields = _cors?.ResponseFields(request) ?? [], Mirrors = decision.Cluster is null ? [] : DrawMirrors(caller, random) };
    }

    private RouteDecision DecideWay(in RouteRequest request, PathMatch matched, in RouteCaller caller, Random random)
    {
        if (_redirect is not null) return RouteDecision.Answer(_redirect.Reply(request, matched, caller.Port)) with { Plan = _own };
        if (_action.Direct is { } direct) return RouteDecision.Answer(new(direct.Status, direct.Body) { IsVerbatim = true, Flag = ExchangeFlag.None }) with { Plan = _own };
        if (_weights == 0) return RouteDecision.Refuse(500, "The route has no backend with a weight.");
        return Draw(random).Decide(request, matched, caller);
    }

    private ProgramBackend Draw(Random random)
    {
        if (_backends.Length == 1) return _backends[0];
        var ticket = (uint)random.NextInt64(_weights);
        foreach (var backend in _backends)
        {
            if (ticket < backend.Weight) return backend;
            ticket -= backend.Weight;
        }

        return _backends[^1];
    }

    // Where there is nothing that could get a copy, the request itself goes on.
    private IReadOnlyList<UpstreamCluster> DrawMirrors(RouteCaller caller, Random random) => _action.Mirrors.IsEmpty
        ? []
        : [.. _action.Mirrors.Where(mirror => mirror.Backend.Invalid.Length == 0 && Draws(mirror.Percent, random))
            .Select(mirror => _sourceOf(mirror.Backend.Port != 0 ? mirror.Backend : mirror.Backend with { Port = caller.Port })?.Current).OfType<UpstreamCluster>()];

    private static bool Draws(double? percent, Random random) => percent is > 0 && (percent >= 100 || random.NextDouble() * 100 < percent);

    private static LocalReply Abort(Fault fault) => new(fault.AbortGrpcStatus >= 0 ? 200 : fault.AbortStatus, "fault filter abort")
    {
        IsVerbatim = true, Flag = ExchangeFlag.FaultInjected, GrpcStatus = fault.AbortGrpcStatus >= 0 ? fault.AbortGrpcStatus : null,
    };

    private static LocalReply TooMany(TimeSpan wait) => new(429, "local_rate_limited")
    {
        IsVerbatim = true,
        Flag = ExchangeFlag.RateLimited,
        Fields = [new("retry-after", $"{Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds))}"), new("x-envoy-ratelimited", "true")],
    };
}
