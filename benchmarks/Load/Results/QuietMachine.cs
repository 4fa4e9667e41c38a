using System.Diagnostics;

namespace Ambient.Load.Results;

/// <summary>Keeps other people's work out of the numbers, as far as waiting helps; counts where it did not.</summary>
internal sealed class QuietMachine(TimeSpan patience)
{
    private const double QuietCores = 0.15;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);

    public int Runs { get; private set; }
    public int NoisyRuns { get; private set; }
    public double WorstForeign { get; private set; }
    public double WaitedSeconds { get; private set; }

    /// <summary>Returns when others use less than 15 % of a core, or patience is at its end.</summary>
    public async Task WaitAsync()
    {
        var watch = Stopwatch.StartNew();
        while (await ForeignAsync() > QuietCores && watch.Elapsed < patience) { }
        WaitedSeconds += Math.Max(0, watch.Elapsed.TotalSeconds - Glance.TotalSeconds);
    }

    /// <param name="foreign">Cores that were busy during a run and not with our processes.</param>
    public void Note(double foreign)
    {
        Runs++;
        if (foreign > QuietCores + 0.1) NoisyRuns++;
        WorstForeign = Math.Max(WorstForeign, foreign);
    }

    // Between runs our processes are idle, so whatever is busy now is foreign.
    private static async Task<double> ForeignAsync()
    {
        var (busy, watch) = (CpuClock.Busy(), Stopwatch.StartNew());
        await Task.Delay(Glance, TimeProvider.System);
        return (CpuClock.Busy() - busy) / watch.Elapsed.TotalSeconds;
    }
}
