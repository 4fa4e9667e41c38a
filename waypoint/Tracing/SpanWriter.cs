using System.Globalization;
using System.Text;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Tracing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Telemetry;
using Ambient.Model.Workloads;
using Ambient.Protos.Otlp;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Telemetry;
using Google.Protobuf;

namespace Ambient.Waypoint.Tracing;

/// <summary>Requests and attempts as spans, with the tags that Istio's users know (waypoint reference, 6.4). Thread-safe.</summary>
internal sealed class SpanWriter(WaypointOptions options, TimeProvider time)
{
    /// <summary>Characters of a text that a client chose; what is more is cut off.</summary>
    public const int LongestText = 256;

    private const int LongestState = 512; // W3C Trace Context §3.3.1.5: what has to be passed on at least

    private readonly string _node = $"waypoint~{options.Node.InstanceIp}~{options.Node.PodName}.{options.Node.PodNamespace}~{options.Node.PodNamespace}.svc.{options.Node.ClusterDomain}";

    /// <summary>Who we are, in each message to a collector.</summary>
    public Resource Resource { get; } = new()
    {
        Attributes = { Tag("service.name", $"{options.Gateway}.{options.Node.PodNamespace}"), Tag("service.instance.id", options.Node.PodName ?? "") },
    };

    public Span OfRequest(Client client, DialledTarget destination, TracingSettings settings, RequestHead request, in ExchangeReport report)
    {
        var context = report.Trace.Context;
        var span = Begin(context, context.SpanId, report.Trace.Parent, report.Duration);
        span.Name = destination.Service is { } named ? $"{named.Service.Hostname}:{destination.Port}/*" : $"{destination.Address}:{destination.Port}/*";
        span.Kind = SpanKind.Server;
        if (report.Trace.KeepsState && request.Fields.TryGet("tracestate"u8, out var state) && state.Length <= LongestState) span.TraceState = Encoding.Latin1.GetString(state);
        Describe(span, request, client);
        Add(span, "guid:x-request-id", report.RequestId?.ToString() ?? Field(request, "x-request-id"u8));
        Add(span, "request_size", Number(report.Request.Body));
        Add(span, "response_size", Number(report.Response.Body));
        if (report.GrpcStatus >= 0) Add(span, "grpc.status_code", Number(report.GrpcStatus));
        Conclude(span, report.Status, report.Flag, report.Marks, report.Details);
        if (report.Cluster is { } cluster) Lead(span, cluster);
        if (settings.TellsWorkloads ?? true) TellWorkloads(span, Party.Of(client), report.Endpoint);
        foreach (var tag in settings.Tags) Add(span, tag.Name, ValueOf(tag, request));
        return span;
    }

    public Span OfAttempt(Client client, RequestHead request, in AttemptReport report)
    {
        var span = Begin(report.Trace.Context, report.Span, report.Trace.Context.SpanId, report.Duration);
        span.Name = $"router {report.Cluster.Name} egress";
        span.Kind = SpanKind.Client;
        Describe(span, request, client);
        Lead(span, report.Cluster);
        Add(span, "upstream_address", report.Endpoint.Address.ToString());
        if (report.Number > 1) Add(span, "retry_count", Number(report.Number - 1));
        Conclude(span, report.Status, report.Flag, ExchangeMarks.None, null);
        return span;
    }

    private Span Begin(in TraceContext context, ulong id, ulong parent, TimeSpan duration)
    {
        var end = (ulong)(time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        Span<byte> trace = stackalloc byte[16];
        context.WriteTraceIdBytes(trace);
        return new()
        {
            TraceId = ByteString.CopyFrom(trace),
            SpanId = IdOf(id),
            ParentSpanId = parent == 0 ? ByteString.Empty : IdOf(parent),
            StartNs = end - (ulong)duration.Ticks * 100,
            EndNs = end,
            Flags = context.Flags,
        };
    }

    private void Describe(Span span, RequestHead request, Client client)
    {
        Add(span, "component", "proxy");
        Add(span, "node_id", _node);
        Add(span, "http.method", Text(request.Method));
        Add(span, "http.url", $"http://{Text(request.Authority)}{Text(request.PathAndQuery)}");
        Add(span, "http.protocol", ProtocolOf(request));
        Add(span, "user_agent", Field(request, "user-agent"u8));
        Add(span, "peer.address", client.Address.Address.ToString());
    }

    private static void Conclude(Span span, int status, ExchangeFlag flag, ExchangeMarks marks, string? details)
    {
        Add(span, "http.status_code", Number(status));
        Add(span, "response_flags", ResponseFlags.Of(flag, marks));
        if (status is > 0 and < 500) return;
        Add(span, "error", "true");
        span.Status = new() { Code = StatusCode.Error, Message = details ?? ResponseFlags.DetailsOf(flag) };
    }

    private static void Lead(Span span, UpstreamCluster cluster)
    {
        Add(span, "upstream_cluster", cluster.Name);
        Add(span, "upstream_cluster.name", cluster.Name);
    }

    private void TellWorkloads(Span span, Party source, UpstreamEndpoint? endpoint)
    {
        Add(span, "istio.canonical_service", options.Gateway);
        Add(span, "istio.canonical_revision", "latest");
        Add(span, "istio.mesh_id", options.Node.TrustDomain);
        Add(span, "istio.namespace", options.Node.PodNamespace!);
        Add(span, "istio.cluster_id", options.Node.ClusterId);
        Tell(span, "source", "downstream", source);
        if (endpoint?.Subject is Workload server) Tell(span, "destination", "upstream", Party.Of(server));
    }

    private static void Tell(Span span, string side, string direction, Party party)
    {
        Add(span, $"istio.{side}_workload", party.Workload);
        Add(span, $"istio.{side}_namespace", party.Namespace);
        Add(span, $"istio.{side}_canonical_service", party.Service);
        Add(span, $"istio.{side}_canonical_revision", party.Revision);
        Add(span, $"istio.{direction}.workload", party.Workload);
        Add(span, $"istio.{direction}.namespace", party.Namespace);
    }

    private static string ValueOf(CustomTag tag, RequestHead request)
    {
        if (tag.Header.Length == 0) return tag.Value;
        return request.Fields.TryGet(Encoding.ASCII.GetBytes(tag.Header), out var value) ? Text(value) : tag.Value;
    }

    private static string ProtocolOf(RequestHead request) => request.Version switch
    {
        Http1.HttpVersion.Http10 => "HTTP/1.0",
        Http1.HttpVersion.Http11 => "HTTP/1.1",
        _ => "HTTP/2",
    };

    private static void Add(Span span, string name, string value)
    {
        if (value.Length > 0) span.Attributes.Add(Tag(name, value));
    }

    private static KeyValue Tag(string name, string value) => new() { Key = name, Value = new() { Text = value } };

    private static string Field(RequestHead request, ReadOnlySpan<byte> name) => request.Fields.TryGet(name, out var value) ? Text(value) : "";

    // Every byte is a character, so what a client sends is text whatever it is.
    private static string Text(ReadOnlySpan<byte> text) => Encoding.Latin1.GetString(text.Length > LongestText ? text[..LongestText] : text);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static ByteString IdOf(ulong id)
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        return ByteString.CopyFrom(bytes);
    }
}
