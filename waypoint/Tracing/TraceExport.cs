using System.Collections.Concurrent;
using Ambient.Hosting.Metrics;
using Ambient.HttpProxy.Exchanges;
using Ambient.Model.Telemetry;
using Ambient.Waypoint.Telemetry;
using Microsoft.Extensions.Logging;

namespace Ambient.Waypoint.Tracing;

/// <summary>What all workers share of tracing: how spans look, and what became of them. Thread-safe.</summary>
internal sealed partial class TraceExport
{
    private readonly ILogger _logger;
    private readonly Counter _sent, _failed;
    private readonly ConcurrentDictionary<TraceCollector, bool> _failing = new();

    public TraceExport(MetricRegistry metrics, SpanWriter spans, ILogger logger, Action<Exception> defect)
    {
        (Spans, _logger, Defect) = (spans, logger, defect);
        _sent = metrics.AddCounter("ambient_trace_spans_sent", "Spans that collectors took");
        var dropped = metrics.AddCounters("ambient_trace_spans_dropped", "Spans that no collector took", ["reason"]);
        (Overflowed, _failed) = (dropped.With("queue_full"), dropped.With("collector_failed"));
    }

    public SpanWriter Spans { get; }

    /// <summary>Spans that found no room.</summary>
    public Counter Overflowed { get; }

    public Action<Exception> Defect { get; }

    public void Sent(TraceCollector collector, int spans)
    {
        _sent.Add(spans);
        if (_failing.TryRemove(collector, out _)) Log.Takes(_logger, $"{collector.Service}:{collector.Port}");
    }

    public void Failed(TraceCollector collector, int spans, in ExchangeReport report)
    {
        if (_failing.TryAdd(collector, true))
            Log.Refuses(_logger, $"{collector.Service}:{collector.Port}", report.Status, report.GrpcStatus, ResponseFlags.DetailsOf(report.Flag));
        _failed.Add(spans); // what is counted has been told
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1313.
    private static partial class Log
    {
        [LoggerMessage(1311, LogLevel.Warning, "The collector {Collector} takes no spans: status {Status}, of gRPC {GrpcStatus}, {Details}. They are dropped, and counted in ambient_trace_spans_dropped_total; look whether it runs and speaks OTLP there")]
        public static partial void Refuses(ILogger logger, string collector, int status, int grpcStatus, string details);

        [LoggerMessage(1312, LogLevel.Information, "The collector {Collector} takes spans again")]
        public static partial void Takes(ILogger logger, string collector);
    }
}
