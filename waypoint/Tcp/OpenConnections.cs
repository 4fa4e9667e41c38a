using Ambient.Hosting.Metrics;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Tcp;

/// <summary>Brings the bytes of connections that are still open into the metrics whenever they are asked for: some stay open for days.</summary>
internal sealed class OpenConnections(IReadOnlyList<Worker> workers) : IMetricSource
{
    public async ValueTask RefreshAsync() => await Task.WhenAll(workers.Select(static worker => worker.Loop.RunAsync(() =>
    {
        foreach (var connection in worker.Connections.ToArray()) (connection as TcpConnection)?.CountBytes();
        return ValueTask.CompletedTask;
    })));

    public ValueTask WriteAsync(OpenMetricsWriter writer) => default;
}
