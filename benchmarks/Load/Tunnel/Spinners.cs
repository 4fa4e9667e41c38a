using Ambient.Lab.Processes;
using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>
/// One loop per core that runs only when nothing else wants to (SCHED_IDLE). It keeps virtual CPUs from halting: waking
/// one takes longer than the proxies do, and would be all that a latency measurement shows.
/// </summary>
internal sealed class Spinners : IAsyncDisposable
{
    private readonly List<Daemon> _loops = [];

    public Spinners()
    {
        for (var core = 0; core < Environment.ProcessorCount; core++)
            _loops.Add(Daemon.Start("spinner", null, "/dev/null", [], "chrt", "-i", "0", "sh", "-c", "while :; do :; done"));
    }

    public double Cpu => CpuClock.Of(_loops.Select(loop => loop.Id));

    public async ValueTask DisposeAsync()
    {
        foreach (var loop in _loops) await loop.DisposeAsync();
    }
}
