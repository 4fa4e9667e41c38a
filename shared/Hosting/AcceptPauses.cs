using Ambient.Hosting.Metrics;
using Ambient.Linux;
using Microsoft.Extensions.Logging;

namespace Ambient.Hosting;

/// <summary>
/// Tells that connections wait to be accepted because descriptors or memory ran out: every pause in the metric
/// <c>ambient_accept_pauses_total</c>, the log once in ten seconds.
/// </summary>
/// <remarks>Thread-safe: one for all loops of a process.</remarks>
public sealed partial class AcceptPauses(MetricRegistry metrics, TimeProvider time, ILogger logger)
{
    private const int QuietSeconds = 10;

    private readonly Counter _pauses = metrics.AddCounter("ambient_accept_pauses", "Times that accepting connections paused for 100 ms, out of descriptors or memory (unstable).");
    private long _due = time.GetTimestamp();

    /// <param name="errno">Why: EMFILE, ENFILE, ENOBUFS or ENOMEM.</param>
    public void Report(int errno)
    {
        _pauses.Increment();
        var (due, now) = (Volatile.Read(ref _due), time.GetTimestamp());
        if (now >= due && Interlocked.CompareExchange(ref _due, now + QuietSeconds * time.TimestampFrequency, due) == due)
            Log.Paused(logger, errno, Errno.Advice(errno));
    }

    private static partial class Log
    {
        [LoggerMessage(123, LogLevel.Warning, "New connections wait (errno {Errno}). {Advice}")]
        public static partial void Paused(ILogger logger, int errno, string? advice);
    }
}
