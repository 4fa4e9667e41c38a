using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Routing;

/// <summary>One of the places that a rule's requests may go to, prepared. Immutable; any thread.</summary>
internal sealed class ProgramBackend
{
    private readonly RouteBackend _backend;
    private readonly Func<RouteBackend, IUpstreamSource?> _sourceOf;
    private readonly IUpstreamSource? _source;
    private readonly RoutePlan _plan;
    private readonly RedirectAnswer? _redirect;
    private readonly TargetRewrite? _path;

    public ProgramBackend(string name, RouteAction action, RouteBackend backend, HeaderEdits common, Func<RouteBackend, IUpstreamSource?> sourceOf)
    {
        (_backend, _sourceOf) = (backend, sourceOf);
        if (backend.Port != 0) _source = sourceOf(backend);
        var rewrite = backend.Rewrite ?? action.Rewrite;
        var host = rewrite?.Host is { } other ? new HeaderEdits { Set = [new("host", other)] } : HeaderEdits.None;
        _path = rewrite?.Path is { } path ? new(path) : null;
        _redirect = backend.Redirect is { } redirect ? new(redirect) : null;
        _plan = new()
        {
            Name = name,
            Timeout = action.Timeout,
            Retries = action.Retries ?? RetryPolicy.Default,
            RequestEdits = FieldEdits.Of(common.Remove, common, host, action.RequestEdits, backend.RequestEdits),
            ResponseEdits = FieldEdits.Of(backend.ResponseEdits, action.ResponseEdits),
        };
    }

    public uint Weight => _backend.Weight;

    public RouteDecision Decide(in RouteRequest request, PathMatch matched, in RouteCaller caller)
    {
        if (_redirect is not null) return RouteDecision.Answer(_redirect.Reply(request, matched, caller.Port)) with { Plan = _plan };
        if (_backend.Invalid.Length > 0) return RouteDecision.Answer(new(_backend.InvalidStatus, _backend.Invalid) { Flag = ExchangeFlag.NoCluster });
        var source = _backend.Port != 0 ? _source : _sourceOf(_backend with { Port = caller.Port });
        if (source is null) return RouteDecision.Answer(new(_backend.InvalidStatus, $"{_backend.Service} is not known here.") { Flag = ExchangeFlag.NoCluster });
        var decision = RouteDecision.To(source.Current, _plan);
        if (_path is null) return decision;
        var path = _path.Apply(request.Path, matched);
        return decision with { Target = request.Query.IsEmpty ? path : [.. path, (byte)'?', .. request.Query], IsRewritten = true };
    }
}
