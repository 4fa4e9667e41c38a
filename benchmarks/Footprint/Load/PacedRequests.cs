using System.Diagnostics;
using Ambient.Footprint.Deployments;

namespace Ambient.Footprint.Load;

/// <param name="Rate">Answered, a second.</param>
/// <param name="Median">Microseconds from a request to its answer.</param>
internal readonly record struct LoadOutcome(double Rate, double Median);

/// <summary>1 KiB there and back on one connection to each pod, at a rate of all together; a late answer does not delay what others send.</summary>
internal sealed class PacedRequests : IAsyncDisposable
{
    private const int Size = 1024;

    private readonly IReadOnlyList<Stream> _connections;

    private PacedRequests(IReadOnlyList<Stream> connections) => _connections = connections;

    public static async Task<PacedRequests> ConnectAsync(IDeployment deployment)
    {
        var connections = new List<Stream>();
        foreach (var pod in deployment.Pods) connections.Add(await deployment.ConnectAsync(pod));
        var requests = new PacedRequests(connections);
        await requests.RunAsync(connections.Count, TimeSpan.FromSeconds(1)); // one each: everything is set up
        return requests;
    }

    /// <exception cref="IOException">A connection broke.</exception>
    public async Task<LoadOutcome> RunAsync(int rate, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        var period = TimeSpan.FromSeconds((double)_connections.Count / rate);
        var latencies = await Task.WhenAll(_connections.Select((connection, i) => Task.Run(() => SendAsync(connection, began, period * i / _connections.Count, period, duration))));
        var all = latencies.SelectMany(one => one).Order().ToList();
        return new(all.Count / Stopwatch.GetElapsedTime(began).TotalSeconds, all[all.Count / 2]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections) await connection.DisposeAsync();
    }

    private static async Task<List<double>> SendAsync(Stream connection, long began, TimeSpan first, TimeSpan period, TimeSpan duration)
    {
        var (request, answer, latencies) = (new byte[Size], new byte[Size], new List<double>());
        for (var due = first; due < duration; due += period)
        {
            var early = due - Stopwatch.GetElapsedTime(began);
            if (early > TimeSpan.Zero) await Task.Delay(early, TimeProvider.System);
            var sent = Stopwatch.GetTimestamp();
            await connection.WriteAsync(request);
            await connection.ReadExactlyAsync(answer);
            latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds);
        }
        return latencies;
    }
}
