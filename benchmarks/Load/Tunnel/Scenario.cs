using Ambient.Load.Generator;

namespace Ambient.Load.Tunnel;

/// <summary>What one run of the generator put the proxies through, and what it cost them in CPU seconds.</summary>
internal sealed record Outcome(Report Report, double ClientCpu, double ServerCpu)
{
    public double Cpu => ClientCpu + ServerCpu;
}

/// <summary>One kind of load, the figures that come out of it, and the chains it makes sense for.</summary>
internal sealed record Scenario(string Name, Func<string, string[]> Arguments, Func<Outcome, IEnumerable<(string Figure, double Value)>> Figures)
{
    /// <summary>Virtual CPUs are kept from halting, for latency.</summary>
    public bool Awake { get; init; }

    /// <summary>The generator holds its connections; they are closed when the proxies' CPU time has been read.</summary>
    public bool Held { get; init; }

    /// <summary>Each connection is to cost a TLS handshake, also with us who share them otherwise.</summary>
    public bool Cold { get; init; }

    private const string Seconds = "2";
    private const string ColdConnections = "400";

    public static readonly IReadOnlyList<Scenario> All =
    [
        Bulk("bulk_1", "1"),
        Bulk("bulk_16", "16"),
        new("pingpong", target => ["pingpong", target, Seconds],
            run => [("pingpong_p50", run.Report["p50"]), ("pingpong_p99", run.Report["p99"])]) { Awake = true },
        new("requests_64", target => ["requests", target, "64", Seconds], run =>
        [
            ("requests_64", run.Report["requests"] / run.Report["seconds"]),
            ("requests_64_p99", run.Report["p99"]),
            ("cpu_per_1k_requests", run.Cpu / run.Report["requests"] * 1000),
        ]),
        new("connections", target => ["connect", target, "16", Seconds], run =>
        [
            ("connections", run.Report["connections"] / run.Report["seconds"]),
            ("connections_failed", run.Report["failed"]),
            ("cpu_per_connection", run.Cpu / run.Report["connections"] * 1000),
        ]),
        new("handshake", target => ["hold", target, "16", ColdConnections], run =>
        [
            ("handshake_cpu", run.Cpu / 2 / run.Report["connections"] * 1000),
        ]) { Held = true, Cold = true },
    ];

    private static Scenario Bulk(string name, string streams) => new(name, target => ["bulk", target, streams, Seconds], run =>
    [
        (name, run.Report["bytes"] * 8 / run.Report["seconds"] / 1e9),
        ($"cpu_per_gb{name["bulk".Length..]}", run.Cpu / run.Report["bytes"] * 1e9),
    ]);
}
