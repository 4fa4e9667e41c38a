using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>The numbers as people and scripts read them.</summary>
internal sealed class Figures(Samples samples, IReadOnlyList<string> chains)
{
    private static readonly Figure[] All =
    [
        new("bulk_1", "bulk, 1 stream", "Gbit/s"),
        new("bulk_16", "bulk, 16 streams", "Gbit/s"),
        new("cpu_per_gb_1", "CPU of both proxies, 1 stream", "s/GB", "0.000"),
        new("cpu_per_gb_16", "CPU of both proxies, 16 streams", "s/GB", "0.000"),
        new("pingpong_p50", "1 KiB there and back, p50", "µs", "0.0"),
        new("pingpong_p99", "1 KiB there and back, p99", "µs", "0.0"),
        new("requests_64", "requests on 64 connections", "1/s", "0"),
        new("requests_64_p99", "  their p99", "µs", "0"),
        new("cpu_per_1k_requests", "  CPU of both proxies", "s/1000", "0.0000"),
        new("connections", "new connections, 16 at a time", "1/s", "0"),
        new("connections_failed", "  dropped by the proxies", "in a run", "0"),
        new("cpu_per_connection", "  CPU of both proxies", "ms", "0.000"),
        new("handshake_cpu", "cold handshake, CPU of each side", "ms", "0.000"),
        new("idle_client_rss", "memory at start, client side, RSS", "MiB"),
        new("idle_client_uss", "memory at start, client side, USS", "MiB"),
        new("idle_server_rss", "memory at start, server side, RSS", "MiB"),
        new("idle_server_uss", "memory at start, server side, USS", "MiB"),
        new("idle_connection_client", "an idle connection, client side, RSS", "KiB"),
        new("idle_connection_server", "an idle connection, server side, RSS", "KiB"),
        new("rss_after_client", "RSS 60 s after they closed, client side", "× before"),
        new("rss_after_server", "RSS 60 s after they closed, server side", "× before"),
        new("slow_held_client", "held for a reader at 10 Mbit/s, client side", "KiB"),
        new("slow_held_server", "held for a reader at 10 Mbit/s, server side", "KiB"),
        new("slow_beside_p99", "p99 of requests beside it in its tunnel", "× alone"),
    ];

    private const string Peer = "haproxy";

    public string Table() => FigureTable.Of(samples, All, chains);

    /// <summary>Ours / HAProxy; where there are two loads, the worse of the two.</summary>
    public IEnumerable<(string Name, double Ratio)> Ratios() =>
    [
        ("cpu_per_gb", Math.Max(Ratio("cpu_per_gb_1"), Ratio("cpu_per_gb_16"))),
        ("bulk_throughput", Math.Min(Ratio("bulk_1"), Ratio("bulk_16"))),
        ("requests_64", Ratio("requests_64")),
        ("connections", Ratio("connections")),
        ("handshake_cpu", Ratio("handshake_cpu")),
        ("pingpong_p50", Ratio("pingpong_p50")),
        ("pingpong_p99", Ratio("pingpong_p99")),
    ];

    public double Ratio(string figure, string peer = Peer) => samples.Median(Chain.Ours, figure) / samples.Median(peer, figure);
}
