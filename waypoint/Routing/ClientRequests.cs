using System.Net;
using System.Text;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Routing;
using Ambient.Model;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Routing;

/// <summary>The requests of one connection: canonical path → policies → route. On the connection's worker.</summary>
internal sealed class ClientRequests(Worker worker, Client client, DialledTarget destination) : IExchangeOwner
{
    private static readonly byte[] Http = "http"u8.ToArray();

    private readonly RequestFields _fields = new();
    private readonly EquatableArray<HeaderValue> _told = worker.Rules.Options.TellsClientIdentity && client.Identity is { } id
        ? [new("x-forwarded-client-cert", $"By={worker.Rules.Options.Identity};URI={id}")]
        : [];
    private byte[] _path = [];
    private ServiceTraffic? _service;

    public DialledTarget Destination => destination;

    public RouteDecision Route(RequestHead request)
    {
        if (!TryCanonical(request, out var path))
            return RouteDecision.Answer(new(400, "The request's path has no canonical form: it has a malformed or forbidden percent encoding.") { Details = "path_normalization_failed" });
        _fields.Of(request.Fields);
        var asked = new RouteRequest
        {
            Method = request.Method,
            Path = path,
            Query = request.Query,
            Scheme = "http"u8,
            Authority = request.Authority,
            Fields = _fields,
            SourceNamespace = client.Namespace,
            RemoteIp = RemoteIp(),
        };
        var service = Service = worker.Rules.Services.For(destination);
        var decision = Refusal(service, asked) is { } refused
            ? RouteDecision.Answer(refused)
            : service.Decide(asked, new(client.Identity?.ToString() ?? "", destination.Port), worker.Random).For(destination.Address, destination.Port);
        return Complete(decision, service, request, asked);
    }

    public void Ended(RequestHead request, in ExchangeReport report)
    {
        var telemetry = Service.Telemetry;
        worker.Rules.Metrics.Count(client, destination, telemetry, report);
        worker.Rules.AccessLog.Write(client, destination, telemetry.AccessLog, request, report);
        worker.Tracer.Ended(client, destination, telemetry.Tracing, request, report);
    }

    public void Attempted(RequestHead request, in AttemptReport report) => worker.Tracer.Attempted(client, Service.Telemetry.Tracing, request, report);

    public void Failed(Exception defect) => worker.Rules.Defect(defect);

    /// <summary>As it was when the last request of the connection came.</summary>
    private ServiceTraffic Service { get => _service ??= worker.Rules.Services.For(destination); set => _service = value; }

    private LocalReply? Refusal(ServiceTraffic service, in RouteRequest asked)
    {
        if (service.Policies.Policies.IsEmpty) return null;
        var connection = new ConnectionAttributes(client.Identity, client.Address.Address, destination.Address ?? IPAddress.None, destination.Port);
        var decision = PolicyEvaluator.Evaluate(service.Policies, connection, asked, service.HasDryRuns ? worker.Rules.AccessLog.DryRun : null);
        return decision.IsAllowed ? null : new(403, "RBAC: access denied")
        {
            Flag = ExchangeFlag.Denied, IsVerbatim = true, Details = $"rbac_access_denied_matched_policy[{(decision.Policy is { } policy ? $"ns[{policy.Namespace}]-policy[{policy.Name}]" : "none")}]",
        };
    }

    private RouteDecision Complete(in RouteDecision decision, ServiceTraffic service, RequestHead request, in RouteRequest asked)
    {
        var hash = BalancingHash.Of(decision.Cluster?.HashKey, asked, client, worker.Random, out var cookie);
        return decision with
        {
            Target = decision.Target ?? (asked.Path.SequenceEqual(request.Path) || request.Form == TargetForm.Asterisk ? null : TargetOf(asked)),
            RequestId = _fields.Has("x-request-id"u8) ? null : worker.Ids.Next(),
            Trace = worker.Tracer.Begin(service.Telemetry.Tracing, request.Fields),
            RequestFields = _told,
            Scheme = Http,
            Facts = decision.Plan.HasOperators ? FactsOf(request, asked, decision.Plan) : null,
            Hash = hash,
            ResponseFields = cookie is null ? decision.ResponseFields : [.. decision.ResponseFields, cookie],
        };
    }

    private FieldFacts FactsOf(RequestHead request, in RouteRequest asked, RoutePlan plan) => new(request, worker.Loop.Time.GetUtcNow())
    {
        Client = Equals(asked.RemoteIp, client.Address.Address) ? client.Address : new(asked.RemoteIp!, 0),
        Peer = client.Address,
        Local = new(destination.Address ?? IPAddress.None, destination.Port),
        ClientIdentity = client.Identity?.ToString() ?? "",
        OwnIdentity = worker.Rules.Options.Identity.ToString(),
        HostName = worker.Rules.Options.Node.PodName ?? "",
        Scheme = Http,
        RouteName = plan.Name,
    };

    private static byte[] TargetOf(in RouteRequest asked) => asked.Query.IsEmpty ? [.. asked.Path] : [.. asked.Path, (byte)'?', .. asked.Query];

    /// <param name="path">Valid until the next request.</param>
    private bool TryCanonical(RequestHead request, out ReadOnlySpan<byte> path)
    {
        var sent = request.Path;
        if (sent.IsEmpty) sent = "/"u8; // http://host
        path = sent;
        if (request.Form == TargetForm.Asterisk) return true;
        if (_path.Length < sent.Length) _path = new byte[Math.Max(256, sent.Length)];
        var isCanonical = CanonicalPath.TryWrite(sent, worker.Rules.Options.Paths, _path, out var length);
        path = _path.AsSpan(0, length);
        return isCanonical;
    }

    // The last entry is what the hop before us saw; everything before it the client may have made up.
    private IPAddress RemoteIp()
    {
        if (!_fields.TryGet("x-forwarded-for"u8, out var value)) return client.Address.Address;
        var last = value[(value.LastIndexOf((byte)',') + 1)..].Trim((byte)' ');
        Span<char> text = stackalloc char[64];
        return last.Length <= text.Length && IPAddress.TryParse(text[..Encoding.Latin1.GetChars(last, text)], out var address) ? address : client.Address.Address;
    }
}
