using System.Globalization;
using System.Text.RegularExpressions;

namespace Ambient.Load.Waypoint;

/// <summary>What a run of a generator found.</summary>
/// <param name="Seconds">That it asked.</param>
/// <param name="P50">Microseconds; NaN where it was not asked for.</param>
internal sealed record WaypointRun(double Requests, double Seconds, double P50, double P99);

/// <summary>One kind of load: the generator, where it asks, and how its words are read.</summary>
/// <param name="Name">Begins the names of its figures.</param>
/// <param name="AddressOf">Null if the contender cannot take part.</param>
internal sealed partial record WaypointScenario(string Name, Func<Contender, string?> AddressOf, Func<string, string, string[]> Command, Func<string, string, WaypointRun> Read)
{
    private const int PacedClients = 16, Seconds = 3;

    public static readonly IReadOnlyList<WaypointScenario> All =
    [
        new("h1", static one => one.Http1, Http1Load, static (output, _) => ReadWrk(output)),
        new("h1_ruled", static one => one.Ruled, Http1Load, static (output, _) => ReadWrk(output)),
        Paced("h1_paced", perSecond: 4000),
        new("h2_to_h1", static one => one.Http2, Http2Load, static (output, _) => ReadH2load(output)),
        new("h2_to_h2", static one => one.Http2Only, Http2Load, static (output, _) => ReadH2load(output)),
    ];

    private static string[] Http1Load(string address, string log) => ["wrk", "-t1", "-c64", $"-d{Seconds}s", "--latency", $"http://{address}/"];

    /// <summary>So many requests of HTTP/1.1 a second, whose latency is looked at.</summary>
    public static WaypointScenario Paced(string name, int perSecond) => new(name, static one => one.Http1, (address, log) =>
    [
        "h2load", "--h1", $"-c{PacedClients}", "-t1", $"--rps={perSecond / PacedClients}", $"-n{perSecond * Seconds}", $"--log-file={log}", $"http://{address}/",
    ], static (output, log) => ReadH2load(output) with { P50 = Percentile(log, 0.50), P99 = Percentile(log, 0.99) });

    private static string[] Http2Load(string address, string log) => ["h2load", "-c8", "-m8", "-t1", $"-D{Seconds}", $"http://{address}/"];

    private static WaypointRun ReadWrk(string output)
    {
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal)) throw new FormatException($"Requests failed:\n{output}");
        var total = WrkTotal().Match(output);
        return new(Number(total.Groups[1]), Number(total.Groups[2]), Micro(WrkLatency("50").Match(output)), Micro(WrkLatency("99").Match(output)));
    }

    private static WaypointRun ReadH2load(string output)
    {
        var counts = H2loadCounts().Match(output);
        if (!counts.Success || counts.Groups[2].Value != "0" || counts.Groups[3].Value != "0") throw new FormatException($"Requests failed:\n{output}");
        var (requests, rate) = (Number(counts.Groups[1]), Number(H2loadRate().Match(output).Groups[1]));
        return new(requests, requests / rate, double.NaN, double.NaN);
    }

    // A line for each request: when it began, its status, how long it took in microseconds.
    private static double Percentile(string log, double part)
    {
        var times = File.ReadLines(log).Select(static line => double.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture)).Order().ToList();
        return times[Math.Min(times.Count - 1, (int)(times.Count * part))];
    }

    private static double Number(Group text) => double.Parse(text.Value, CultureInfo.InvariantCulture);

    private static double Micro(Match match) => Number(match.Groups[1]) * match.Groups[2].Value switch { "us" => 1, "ms" => 1e3, _ => 1e6 };

    private static Regex WrkLatency(string percentile) => new($@"^\s+{percentile}%\s+([\d.]+)(us|ms|s)\s*$", RegexOptions.Multiline);

    [GeneratedRegex(@"(\d+) requests in ([\d.]+)s")]
    private static partial Regex WrkTotal();

    [GeneratedRegex(@"(\d+) succeeded, (\d+) failed, (\d+) errored")]
    private static partial Regex H2loadCounts();

    [GeneratedRegex(@"finished in [^,]+, ([\d.]+) req/s")]
    private static partial Regex H2loadRate();
}
