using System.Globalization;
using System.Net;
using System.Text;
using Ambient.Hosting.Logging;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Policies;
using Ambient.Model.Telemetry;
using Ambient.Transport;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Microsoft.Extensions.Logging;

namespace Ambient.Waypoint.Telemetry;

/// <summary>One line for each request and connection, in Istio's default format or its JSON one (waypoint reference, 6.5). Thread-safe.</summary>
internal sealed class AccessLog(AccessLogFormat format, LogOutput output, TimeProvider time)
{
    private const string Scope = "access", Missing = "-";

    private readonly ScopeLevel _level = output.Levels.ForScope(Scope);

    /// <param name="wish">Which are logged; what it does not say, the process's own setting does.</param>
    public void Write(Client client, DialledTarget destination, AccessLogSettings wish, RequestHead request, in ExchangeReport report)
    {
        if (!IsWanted(wish, report.Status)) return;
        Write(wish, new()
        {
            ["start_time"] = (time.GetUtcNow() - report.Duration).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            ["method"] = Text(request.Method),
            ["path"] = Text(request.PathAndQuery),
            ["protocol"] = request.Version switch { Http1.HttpVersion.Http10 => "HTTP/1.0", Http1.HttpVersion.Http11 => "HTTP/1.1", _ => "HTTP/2" },
            ["response_code"] = report.Status,
            ["response_flags"] = ResponseFlags.Of(report.Flag, report.Marks),
            ["response_code_details"] = report.Details ?? ResponseFlags.DetailsOf(report.Flag),
            ["bytes_received"] = report.Request.Body,
            ["bytes_sent"] = report.Response.Body,
            ["duration"] = (long)report.Duration.TotalMilliseconds,
            ["upstream_service_time"] = report.ServiceTime is { } took ? (long)took.TotalMilliseconds : Missing,
            ["grpc_status"] = report.GrpcStatus >= 0 ? report.GrpcStatus : Missing,
            ["x_forwarded_for"] = Field(request, "x-forwarded-for"u8),
            ["user_agent"] = Field(request, "user-agent"u8),
            ["request_id"] = report.RequestId?.ToString() ?? Field(request, "x-request-id"u8),
            ["authority"] = Text(request.Authority),
            ["upstream_host"] = report.Endpoint?.Address.ToString() ?? Missing,
            ["upstream_cluster"] = report.Cluster?.Name ?? Missing,
            ["downstream_local_address"] = $"{destination.Address}:{destination.Port}",
            ["downstream_remote_address"] = client.Address.ToString(),
            ["route_name"] = report.Plan.Name.Length > 0 ? report.Plan.Name : Missing,
        });
    }

    public void WriteTcp(Client client, DialledTarget destination, UpstreamEndpoint? endpoint, AccessLogSettings wish, ByteCounters bytes, TimeSpan duration, string why)
    {
        if (!IsWanted(wish, status: 0)) return;
        Write(wish, new()
        {
            ["start_time"] = (time.GetUtcNow() - duration).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            ["response_code"] = 0,
            ["response_flags"] = why.Length == 0 ? Missing : endpoint is null ? "UH" : "UF",
            ["response_code_details"] = why.Length == 0 ? Missing : why,
            ["bytes_received"] = bytes.Sent.Value,
            ["bytes_sent"] = bytes.Received.Value,
            ["duration"] = (long)duration.TotalMilliseconds,
            ["upstream_host"] = endpoint?.Address.ToString() ?? Missing,
            ["downstream_local_address"] = $"{destination.Address}:{destination.Port}",
            ["downstream_remote_address"] = client.Address.ToString(),
        });
    }

    /// <summary>A warning: a tunnel or a connection in it was turned away before more was known of it.</summary>
    public void TunnelRefused(IPEndPoint client, string why)
    {
        if (!_level.IsEnabled(LogLevel.Warning)) return;
        output.Write(output.Begin(LogLevel.Warning, Scope, $"refused a connection of {client}: {why}"));
    }

    public void DryRun(DryRunOutcome outcome, AuthorizationPolicy? policy)
    {
        if (_level.IsEnabled(LogLevel.Information)) output.Write(output.Begin(LogLevel.Information, Scope, $"dry run: {outcome} {policy?.Key}"));
    }

    private bool IsWanted(AccessLogSettings wish, int status) => !(wish.IsOff ?? format == AccessLogFormat.Off) && status >= (wish.LeastStatus ?? 0);

    private void Write(AccessLogSettings wish, AccessEntry entry) =>
        output.Write(wish.IsJson ?? format == AccessLogFormat.Json ? entry.ToJson() : entry.ToText());

    private static string Text(ReadOnlySpan<byte> text) => text.IsEmpty ? Missing : Encoding.UTF8.GetString(text);

    private static string Field(RequestHead request, ReadOnlySpan<byte> name) => request.Fields.TryGet(name, out var value) ? Text(value) : Missing;
}
