using Ambient.Load.Results;

namespace Ambient.Load.Waypoint;

/// <summary>The numbers as people and scripts read them.</summary>
internal sealed class WaypointFigures(Samples samples, IReadOnlyList<string> contenders)
{
    private static readonly Figure[] All =
    [
        new("h1_requests", "HTTP/1.1 to HTTP/1.1, 64 connections", "1/s", "0"),
        new("h1_p50", "  p50", "µs", "0"),
        new("h1_p99", "  p99", "µs", "0"),
        new("h1_cpu", "  CPU of the proxy", "µs/request", "0.0"),
        new("h1_ruled_requests", "with 1,000 routes, a policy and metrics", "1/s", "0"),
        new("h1_ruled_cpu", "  CPU of the proxy", "µs/request", "0.0"),
        new("h1_paced_p50", "the first at 4,000 a second, p50", "µs", "0"),
        new("h1_paced_p99", "  p99", "µs", "0"),
        new("h1_paced_cpu", "  CPU of the proxy", "µs/request", "0.0"),
        new("h2_to_h1_requests", "HTTP/2 to HTTP/1.1, 8 connections of 8 streams", "1/s", "0"),
        new("h2_to_h1_cpu", "  CPU of the proxy", "µs/request", "0.0"),
        new("h2_to_h2_requests", "HTTP/2 to HTTP/2, the same", "1/s", "0"),
        new("h2_to_h2_cpu", "  CPU of the proxy", "µs/request", "0.0"),
        new("loaded_pss", "memory at the end, PSS", "MiB", "0.0"),
    ];

    public string Table() => FigureTable.Of(samples, All, contenders);

    /// <summary>Ours / the peer named last.</summary>
    public IEnumerable<(string Name, double Ratio)> Ratios() =>
    [
        ("h1_requests_nginx", Ratio("h1_requests", "nginx")),
        ("h1_requests_haproxy", Ratio("h1_requests", "haproxy")),
        ("h1_ruled_requests_nginx", samples.Median(Contender.Ours, "h1_ruled_requests") / samples.Median("nginx", "h1_requests")), // nginx without rules
        ("h1_cpu_haproxy", Ratio("h1_cpu", "haproxy")),
        ("h1_p99_nginx", Ratio("h1_paced_p99", "nginx")),
        ("h2_cpu_nginx", Ratio("h2_to_h1_cpu", "nginx")), // it speaks HTTP/1.1 alone with servers
        ("h2_cpu_haproxy", Ratio("h2_to_h2_cpu", "haproxy")),
    ];

    private double Ratio(string figure, string peer) => samples.Median(Contender.Ours, figure) / samples.Median(peer, figure);
}
