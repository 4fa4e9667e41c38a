using Ambient.Http1.Heads;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Tracing;
using Ambient.Model.Telemetry;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Tracing;

/// <summary>Traces the requests of one worker: a span for each request and each attempt. On the worker only.</summary>
internal sealed class Tracer(Worker worker)
{
    private static readonly TimeSpan FlushTime = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<TraceCollector, SpanQueue> _queues = [];

    private TraceExport Export => worker.Rules.Tracing;

    /// <param name="settings">Null traces nothing.</param>
    public RequestTrace Begin(TracingSettings? settings, FieldSection fields) =>
        settings is null ? default : RequestTrace.Begin(fields, settings.Percent ?? TracingSettings.DefaultPercent, worker.Random, worker.Ids);

    public void Ended(Client client, DialledTarget destination, TracingSettings? settings, RequestHead request, in ExchangeReport report)
    {
        if (report.Trace.IsRecorded && QueueFor(settings) is { } queue) queue.Add(Export.Spans.OfRequest(client, destination, settings!, request, report));
    }

    public void Attempted(Client client, TracingSettings? settings, RequestHead request, in AttemptReport report)
    {
        if (QueueFor(settings) is { } queue) queue.Add(Export.Spans.OfAttempt(client, request, report));
    }

    /// <summary>The worker is about to end: what was recorded is sent, unless a collector takes too long.</summary>
    public async ValueTask FlushAsync()
    {
        var flushed = Task.WhenAll(_queues.Values.Select(static queue => queue.FlushAsync()));
        if (!flushed.IsCompleted) await Task.WhenAny(flushed, worker.Loop.DelayAsync(FlushTime).AsTask());
    }

    private SpanQueue? QueueFor(TracingSettings? settings)
    {
        if (settings is not { IsSilent: not true, Collector: { } collector }) return null;
        if (_queues.TryGetValue(collector, out var queue)) return queue;
        return _queues[collector] = new(worker.Loop, worker.Http, collector, worker.Rules.Services.ServersOf(collector), Export);
    }
}
