using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>What to run and how long to take.</summary>
internal sealed class TunnelBenchmarkOptions
{
    /// <summary>Rounds of every scenario for every chain: 5, or 3 with --quick.</summary>
    public int Rounds { get; private set; } = 5;

    /// <summary>How long to wait for a quiet machine before each run.</summary>
    public TimeSpan Patience { get; private set; } = TimeSpan.FromSeconds(10);

    /// <summary>Measure memory under idle connections. Takes two minutes.</summary>
    public bool Idle { get; private set; } = true;

    /// <summary>Where HAProxy's, nginx's and nghttpx's configurations are.</summary>
    public string PeerConfigurations { get; private set; } = "benchmarks/Load/peers";

    public string? ResultsFile { get; private set; }

    private static readonly string[] Chains = ["tcp", "haproxy", "nginx", "nghttpx", Chain.Ours];

    private HashSet<string>? Only { get; set; }

    private HashSet<string>? Scenarios { get; set; }

    public bool Includes(string chain) => Only?.Contains(chain) ?? true;

    /// <summary>By name; all when none was picked. Besides <see cref="Scenario.All"/> there are <c>slow_reader</c> and <c>idle</c>.</summary>
    public bool Measures(string scenario) => Scenarios?.Contains(scenario) ?? true;

    /// <returns>Null if an argument is not understood.</returns>
    public static TunnelBenchmarkOptions? Parse(ReadOnlySpan<string> arguments)
    {
        var options = new TunnelBenchmarkOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--quick": (options.Rounds, options.Patience) = (3, TimeSpan.FromSeconds(1)); break;
                case "--rounds" when i + 1 < arguments.Length: options.Rounds = int.Parse(arguments[++i]); break;
                case "--no-idle": options.Idle = false; break;
                case "--only" when i + 1 < arguments.Length: options.Only = Names.Pick(arguments[++i], Chains); break;
                case "--scenarios" when i + 1 < arguments.Length: options.Scenarios = Names.Pick(arguments[++i], [.. Scenario.All.Select(one => one.Name), "slow_reader", "idle"]); break;
                case "--results" when i + 1 < arguments.Length: options.ResultsFile = arguments[++i]; break;
                default: return null;
            }
        }
        return options;
    }
}
