using Ambient.HttpProxy;
using Ambient.HttpProxy.Calls;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Telemetry;
using Ambient.Protos.Otlp;
using Ambient.Transport;

namespace Ambient.Waypoint.Tracing;

/// <summary>Spans on their way to one collector: gathered for a moment, sent together, thrown away and counted where it does not keep up. On its worker only.</summary>
/// <remarks>One batch is under way and one gathers, so a collector that is slow or gone costs twice <see cref="MostBytes"/> and no request anything.</remarks>
internal sealed class SpanQueue
{
    /// <summary>Of one batch; spans beyond it are dropped.</summary>
    public const int MostBytes = 256 * 1024;

    private const int EnoughBytes = MostBytes / 4;
    private const string Method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(5);

    private readonly EventLoop _loop;
    private readonly HttpProxyContext _http;
    private readonly TraceCollector _collector;
    private readonly IUpstreamSource _servers;
    private readonly TraceExport _export;
    private readonly LoopTimer _due;
    private SpanBatch _gathering = new();
    private Task _sent = Task.CompletedTask;
    private bool _isSending;

    public SpanQueue(EventLoop loop, HttpProxyContext http, TraceCollector collector, IUpstreamSource servers, TraceExport export)
    {
        (_loop, _http, _collector, _servers, _export) = (loop, http, collector, servers, export);
        _due = new(loop, static queue => ((SpanQueue)queue!).Send(), this);
    }

    public void Add(Span span)
    {
        if (_gathering.Bytes >= MostBytes)
        {
            _export.Overflowed.Increment();
            return;
        }

        _gathering.Add(span);
        if (_gathering.Bytes >= EnoughBytes) Send();
        else if (!_due.IsRunning) _due.Start(Gathering);
    }

    /// <summary>Sends at once what has gathered; completes when it was taken, or will not be.</summary>
    public async Task FlushAsync()
    {
        await _sent;
        Send();
        await _sent;
    }

    private void Send()
    {
        if (_isSending || _gathering.Count == 0) return;
        _isSending = true;
        var batch = _gathering;
        _gathering = new();
        _sent = SendAsync(batch);
    }

    private async Task SendAsync(SpanBatch batch)
    {
        try
        {
            var report = await OwnCall.SendAsync(_loop, _http, _servers.Current, RequestOf(batch), Timeout);
            if (IsTaken(report)) _export.Sent(_collector, batch.Count);
            else _export.Failed(_collector, batch.Count, report);
        }
        catch (Exception defect)
        {
            _export.Defect(defect);
        }

        _isSending = false;
        if (_gathering.Count > 0) _due.Start(_gathering.Bytes >= EnoughBytes ? TimeSpan.Zero : Gathering);
    }

    private OwnRequest RequestOf(SpanBatch batch)
    {
        var (message, authority) = (batch.ToMessage(_export.Spans.Resource), $"{_collector.Service.Hostname}:{_collector.Port}");
        return _collector.Path.Length > 0 ? new(_collector.Path, authority, "application/x-protobuf", message) : OwnRequest.Grpc(Method, authority, message);
    }

    private bool IsTaken(in ExchangeReport report) => _collector.Path.Length > 0 ? report.Status is >= 200 and < 300 : report.GrpcStatus == 0;
}
