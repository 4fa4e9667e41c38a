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
                case "--results" when i + 1 < arguments.Length: options.ResultsFile = arguments[++i]; break;
                default: return null;
            }
        }
        return options;
    }
}
