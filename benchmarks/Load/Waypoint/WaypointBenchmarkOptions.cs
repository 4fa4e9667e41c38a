using Ambient.HttpCases;
using Ambient.Load.Floods;
using Ambient.Load.Results;

namespace Ambient.Load.Waypoint;

/// <summary>What to run and how long to take.</summary>
internal sealed class WaypointBenchmarkOptions
{
    /// <summary>Rounds of every scenario for every contender: 7, or 3 with --quick.</summary>
    public int Rounds { get; private set; } = 7;

    /// <summary>How long to wait for a quiet machine before each run.</summary>
    public TimeSpan Patience { get; private set; } = TimeSpan.FromSeconds(10);

    /// <summary>Where HAProxy's and nginx's configurations are.</summary>
    public string PeerConfigurations { get; private set; } = "benchmarks/Load/peers";

    public string? ResultsFile { get; private set; }

    private static readonly string[] Contenders = ["haproxy", "nginx", Contender.Ours];

    private HashSet<string>? Only { get; set; }

    private HashSet<string>? Floods { get; set; }

    public bool Includes(string contender) => Only?.Contains(contender) ?? true;

    /// <summary>By name; all when none was picked.</summary>
    public bool Measures(Flood flood) => Floods?.Contains(flood.Name) ?? true;

    /// <returns>Null if an argument is not understood.</returns>
    public static WaypointBenchmarkOptions? Parse(ReadOnlySpan<string> arguments)
    {
        var options = new WaypointBenchmarkOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--quick": (options.Rounds, options.Patience) = (3, TimeSpan.FromSeconds(1)); break;
                case "--rounds" when i + 1 < arguments.Length: options.Rounds = int.Parse(arguments[++i]); break;
                case "--only" when i + 1 < arguments.Length: options.Only = Names.Pick(arguments[++i], Contenders); break;
                case "--floods" when i + 1 < arguments.Length: options.Floods = Names.Pick(arguments[++i], FloodBenchmark.All.Select(static flood => flood.Name)); break;
                case "--results" when i + 1 < arguments.Length: options.ResultsFile = arguments[++i]; break;
                default: return null;
            }
        }
        return options;
    }
}
