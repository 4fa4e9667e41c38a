using Ambient.Hosting.Metrics;
using Ambient.Model.State;

namespace Ambient.Ztunnel.Connections;

/// <summary>The <c>istio_tcp_*</c> families: the sum over all workers, which count each for itself.</summary>
/// <remarks>Series of workloads that are gone are dropped when they have been quiet for <see cref="QuietFor"/>.</remarks>
internal sealed class TcpMetrics(ConnectionLedgers ledgers, MeshState mesh, TimeProvider time) : IMetricSource
{
    public static readonly TimeSpan QuietFor = TimeSpan.FromMinutes(10);

    private long _swept = time.GetTimestamp();

    private sealed class Sum
    {
        public long Opened, Closed, Failed, Received, Sent;

        public void Add(TrafficSeries series)
        {
            Opened += series.Opened;
            Closed += series.Closed;
            Failed += series.Failed;
            Received += series.Received;
            Sent += series.Sent;
        }
    }

    /// <summary>Brings the bytes of connections that are still open into their series, on each worker.</summary>
    public async ValueTask RefreshAsync()
    {
        await ledgers.CountBytesAsync();
        if (time.GetElapsedTime(_swept) < QuietFor) return;
        _swept = time.GetTimestamp();
        var quiet = await ledgers.QuietSeriesAsync(QuietFor);
        if (quiet.Count == 0) return;
        var known = mesh.Current.Workloads.Select(static workload => (workload.Namespace, workload.WorkloadName)).ToHashSet();
        quiet.RemoveWhere(labels => !TrafficLabels.Parties(labels).Any(party => !known.Contains(party)));
        ledgers.ForgetSeries(quiet, QuietFor);
    }

    public async ValueTask WriteAsync(OpenMetricsWriter writer)
    {
        var sums = SumOfWorkers();
        await WriteAsync(writer, sums, "istio_tcp_connections_opened", "The total number of TCP connections opened.", sum => sum.Opened, sum => sum.Opened > 0);
        await WriteAsync(writer, sums, "istio_tcp_connections_closed", "The total number of TCP connections closed.", sum => sum.Closed, sum => sum.Closed > 0);
        await WriteAsync(writer, sums, "istio_tcp_received_bytes", "The size of total bytes received during request in case of a TCP connection.",
            sum => sum.Received, sum => sum.Opened > 0);
        await WriteAsync(writer, sums, "istio_tcp_sent_bytes", "The size of total bytes sent during response in case of a TCP connection.",
            sum => sum.Sent, sum => sum.Opened > 0);
        await WriteAsync(writer, sums, "istio_tcp_connections_failed", "The total number of TCP connections that failed (unstable).",
            sum => sum.Failed, sum => sum.Failed > 0);
        WriteSockets(writer);
    }

    private Dictionary<string?[], Sum> SumOfWorkers()
    {
        var sums = new Dictionary<string?[], Sum>(TrafficShard.LabelComparer.Instance);
        foreach (var shard in ledgers.Shards)
        {
            foreach (var (labels, series) in shard.List())
            {
                if (!sums.TryGetValue(labels, out var sum)) sums.Add(labels, sum = new());
                sum.Add(series);
            }
        }

        return sums;
    }

    private static async ValueTask WriteAsync(
        OpenMetricsWriter writer, Dictionary<string?[], Sum> sums, string name, string help, Func<Sum, long> value, Func<Sum, bool> exists)
    {
        writer.BeginFamily(name, "counter", help);
        foreach (var (labels, sum) in sums)
        {
            if (exists(sum)) writer.Sample("_total", TrafficLabels.Names, labels, value(sum));
            if (!await writer.FlushAsync()) return;
        }
    }

    private void WriteSockets(OpenMetricsWriter writer)
    {
        writer.BeginFamily("istio_tcp_sockets_open", "gauge", "The number of TCP sockets open now (unstable).");
        writer.Sample("", ["reporter"], ["source"], ledgers.SocketsOpen(Direction.Outbound));
        writer.Sample("", ["reporter"], ["destination"], ledgers.SocketsOpen(Direction.Inbound));
    }
}
