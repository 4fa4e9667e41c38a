namespace Ambient.Footprint;

/// <summary>How much is measured.</summary>
/// <param name="Pods">Pods on the node.</param>
/// <param name="Repetitions">Of each measurement, with proxies started anew.</param>
/// <param name="Window">Over which CPU is counted, at rest and with load each.</param>
internal sealed record FootprintOptions(IReadOnlyList<int> Pods, int Repetitions, TimeSpan Window)
{
    public static FootprintOptions Full { get; } = new([10, 50, 100], 3, TimeSpan.FromSeconds(10));

    public static FootprintOptions Quick { get; } = new([10, 50], 1, TimeSpan.FromSeconds(5));

    /// <summary>Of this run; set before it begins.</summary>
    public static FootprintOptions Current { get; set; } = Full;

    /// <summary>Requests a second of all pods together.</summary>
    public const int Rate = 1000;
}
