using System.Collections.Concurrent;
using Ambient.Hosting.Metrics;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model;
using Ambient.Model.State;
using Ambient.Model.Telemetry;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Options;

namespace Ambient.Waypoint.Telemetry;

/// <summary>The standard metrics of requests and connections, with the labels and values that dashboards ask for (waypoint reference, 6.1 and 6.2). Thread-safe.</summary>
/// <remarks>The series of a request is found by what it is about, not by its texts: those are put together once for each series. Series of workloads that are
/// gone are dropped when they have been quiet for <see cref="QuietFor"/>: jobs and single pods would fill the families in time.</remarks>
internal sealed class RequestMetrics : IMetricSource
{
    public static readonly TimeSpan QuietFor = TimeSpan.FromMinutes(10);

    private const int UnknownGrpcStatus = 2, LastGrpcStatus = 16;

    private static readonly string[] TcpLabels = [.. MetricLabels.Tcp], RequestLabels = [.. MetricLabels.Requests];

    private static readonly int Source = Array.IndexOf(TcpLabels, "source_workload"), Destination = Array.IndexOf(TcpLabels, "destination_workload"); // each before its namespace

    private static readonly double[] Bounds =
        [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000];

    private readonly MetricFamily<Counter> _requests, _requestMessages, _responseMessages, _opened, _closed, _sent, _received;
    private readonly MetricFamily<Histogram> _durations, _requestBytes, _responseBytes;
    private readonly ConcurrentDictionary<SeriesKey, RequestSeries> _series = new();
    private readonly MeshState _mesh;
    private readonly TimeProvider _time;
    private readonly int _maxSeries;
    private long _swept;

    public RequestMetrics(MetricRegistry metrics, MeshState mesh, WaypointOptions options, TimeProvider time)
    {
        (_mesh, _time, _swept) = (mesh, time, time.GetTimestamp());
        metrics.Add(this); // first: what is gone is not written any more
        _maxSeries = options.Telemetry.MaxTrafficSeries;
        _requests = metrics.AddCounters("istio_requests", "Total number of requests", RequestLabels, _maxSeries);
        _durations = metrics.AddHistograms("istio_request_duration_milliseconds", "Duration of requests", Bounds, RequestLabels, _maxSeries);
        _requestBytes = metrics.AddHistograms("istio_request_bytes", "Bytes of requests, heads and bodies", Bounds, RequestLabels, _maxSeries);
        _responseBytes = metrics.AddHistograms("istio_response_bytes", "Bytes of responses, heads and bodies", Bounds, RequestLabels, _maxSeries);
        _requestMessages = metrics.AddCounters("istio_request_messages", "Total number of gRPC messages from clients", RequestLabels, _maxSeries);
        _responseMessages = metrics.AddCounters("istio_response_messages", "Total number of gRPC messages to clients", RequestLabels, _maxSeries);
        _opened = metrics.AddCounters("istio_tcp_connections_opened", "Total number of TCP connections opened", TcpLabels, _maxSeries);
        _closed = metrics.AddCounters("istio_tcp_connections_closed", "Total number of TCP connections closed", TcpLabels, _maxSeries);
        _sent = metrics.AddCounters("istio_tcp_sent_bytes", "Total bytes sent to clients", TcpLabels, _maxSeries);
        _received = metrics.AddCounters("istio_tcp_received_bytes", "Total bytes received from clients", TcpLabels, _maxSeries);
        metrics.AddGauge("ambient_services", "Services known (unstable)", () => mesh.Current.ServiceCount);
    }

    public void Count(Client client, DialledTarget destination, ServiceTelemetry telemetry, in ExchangeReport report)
    {
        var key = new SeriesKey(client, telemetry.Metrics, destination.Key, destination.Workload?.Uid, report.Endpoint?.Subject as Workload, report.Status, StatusOf(report), report.Flag, report.Marks, report.IsGrpc);
        if (!_series.TryGetValue(key, out var series))
        {
            if (_series.Count >= _maxSeries) _series.Clear(); // the numbers are the families'; this is only the way to them
            series = _series.GetOrAdd(key, Make(client, destination, key));
        }

        series.Requests?.Increment();
        series.Durations?.Observe(report.Duration.TotalMilliseconds);
        series.RequestBytes?.Observe(report.Request.Total);
        series.ResponseBytes?.Observe(report.Response.Total);
        series.RequestMessages?.Add(report.Request.Messages);
        series.ResponseMessages?.Add(report.Response.Messages);
    }

    // Servers may say any number; those that gRPC does not know count as UNKNOWN, as its clients see them, or one server could fill the families.
    private static int StatusOf(in ExchangeReport report) => report.GrpcStatus > LastGrpcStatus ? UnknownGrpcStatus : report.GrpcStatus;

    /// <summary>A connection that is not HTTP has begun.</summary>
    public TcpTally TcpOpened(Client client, DialledTarget destination, ServiceTelemetry telemetry, UpstreamEndpoint endpoint, ByteCounters bytes)
    {
        var (changes, values) = (telemetry.Metrics, Values(Party.Of(client), destination, endpoint.Subject as Workload, "tcp", "-"));
        Series(_opened, Metrics.TcpOpened, changes, TcpLabels, values)?.Increment();
        _ = Series(_closed, Metrics.TcpClosed, changes, TcpLabels, values); // from the beginning all families have it
        TcpCounted(changes, values, received: 0, sent: 0);
        return new(this, changes, values, bytes);
    }

    /// <summary>Bytes that one such connection has carried, as its client sees it.</summary>
    public void TcpCounted(EquatableArray<MetricOverride> changes, string[] values, long received, long sent)
    {
        Series(_sent, Metrics.TcpSent, changes, TcpLabels, values)?.Add(received);
        Series(_received, Metrics.TcpReceived, changes, TcpLabels, values)?.Add(sent);
    }

    public void TcpClosed(EquatableArray<MetricOverride> changes, string[] values) => Series(_closed, Metrics.TcpClosed, changes, TcpLabels, values)?.Increment();

    public ValueTask RefreshAsync()
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _swept)) < QuietFor) return default;
        Volatile.Write(ref _swept, _time.GetTimestamp());
        var known = _mesh.Current.Workloads.Select(static workload => (workload.Namespace, workload.WorkloadName)).ToHashSet();
        bool ForgetIn<TSeries>(MetricFamily<TSeries> family) where TSeries : class, IMetricSeries => family.ForgetQuiet(_time, QuietFor, IsGone);
        var forgot = ForgetIn(_requests) | ForgetIn(_requestMessages) | ForgetIn(_responseMessages) | ForgetIn(_durations) | ForgetIn(_requestBytes) | ForgetIn(_responseBytes)
            | ForgetIn(_opened) | ForgetIn(_closed) | ForgetIn(_sent) | ForgetIn(_received);
        if (forgot) _series.Clear();
        return default;

        bool IsGone(string[] values) => IsUnknown(values, Source) || IsUnknown(values, Destination);
        bool IsUnknown(string[] values, int party) => values[party] != Party.Missing && !known.Contains((values[party + 1], values[party]));
    }

    ValueTask IMetricSource.WriteAsync(OpenMetricsWriter writer) => default; // the families are sources of their own

    private RequestSeries Make(Client client, DialledTarget destination, in SeriesKey key)
    {
        string[] values =
        [
            .. Values(Party.Of(client), destination, key.Server, key.IsGrpc ? "grpc" : "http", ResponseFlags.Of(key.Flag, key.Marks)),
            $"{key.Status}", key.GrpcStatus >= 0 ? $"{key.GrpcStatus}" : "",
        ];
        var changes = key.Changes;
        return new(Of(_requests, Metrics.RequestCount), Of(_durations, Metrics.RequestDuration), Of(_requestBytes, Metrics.RequestSize), Of(_responseBytes, Metrics.ResponseSize),
            key.IsGrpc ? Of(_requestMessages, Metrics.RequestMessages) : null, key.IsGrpc ? Of(_responseMessages, Metrics.ResponseMessages) : null);

        TSeries? Of<TSeries>(MetricFamily<TSeries> family, Metrics metric) where TSeries : class, IMetricSeries => Series(family, metric, changes, RequestLabels, values);
    }

    /// <returns>Null if users do not want it.</returns>
    private static TSeries? Series<TSeries>(MetricFamily<TSeries> family, Metrics metric, EquatableArray<MetricOverride> overrides, string[] labels, string[] values)
        where TSeries : class, IMetricSeries
    {
        var changes = new MetricChanges(overrides);
        return changes.IsOff(metric) ? null : family.With(changes.Apply(metric, labels, values));
    }

    private static string[] Values(Party source, DialledTarget destination, Workload? server, string protocol, string flags)
    {
        var (to, service) = (server is null ? Party.Unknown : Party.Of(server), destination.Service?.Service);
        var isMutual = source.Principal != Party.Missing && to.Principal != Party.Missing;
        return
        [
            "waypoint", source.Workload, source.Namespace, source.Principal, source.App, source.Version, source.Cluster, source.Service, source.Revision,
            to.Workload, to.Namespace, to.Principal, to.App, to.Version, to.Cluster, to.Service, to.Revision,
            service?.Hostname ?? Party.Missing, service?.Name ?? Party.Missing, service?.Namespace ?? Party.Missing,
            protocol, flags, isMutual ? "mutual_tls" : "none",
        ];
    }

    private readonly record struct SeriesKey(
        Client Client, EquatableArray<MetricOverride> Changes, ServiceKey? Service, string? Target, Workload? Server, int Status, int GrpcStatus, ExchangeFlag Flag, ExchangeMarks Marks, bool IsGrpc)
    {
        // Clients and servers are told apart as objects: comparing their contents would cost more than counting.
        public bool Equals(SeriesKey other) =>
            Service == other.Service && Target == other.Target && ReferenceEquals(Server, other.Server) && Status == other.Status
            && GrpcStatus == other.GrpcStatus && Flag == other.Flag && Marks == other.Marks && IsGrpc == other.IsGrpc && Client.IsSameSource(other.Client)
            && (Changes.IsEmpty ? other.Changes.IsEmpty : Changes == other.Changes);

        public override int GetHashCode() => HashCode.Combine(Client.Identity, Service, Server is null ? 0 : System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(Server), Status, Flag);
    }

    private sealed record RequestSeries(
        Counter? Requests, Histogram? Durations, Histogram? RequestBytes, Histogram? ResponseBytes, Counter? RequestMessages, Counter? ResponseMessages);
}
