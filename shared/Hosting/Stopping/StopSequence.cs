using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Stopping;

/// <summary>The order in which a process ends. Stages run one after another; each knows the moment at which patience is over.</summary>
public sealed partial class StopSequence(TimeProvider time, ILogger<StopSequence> logger)
{
    private readonly List<(string Name, Func<CancellationToken, Task> Stop)> _stages = [];

    /// <param name="stop">Ends gracefully; its token fires when the deadline has passed and what is left has to be aborted.</param>
    public StopSequence Then(string stage, Func<CancellationToken, Task> stop)
    {
        _stages.Add((stage, stop));
        return this;
    }

    /// <summary>Runs all stages, also those after one that failed.</summary>
    /// <param name="deadline">From now on, for all stages together.</param>
    /// <param name="grace">How long a stage may still take after its token has fired; then it is left behind.</param>
    public async Task RunAsync(TimeSpan deadline, TimeSpan grace)
    {
        using var abort = new CancellationTokenSource(deadline, time);
        foreach (var (name, stop) in _stages) await RunStageAsync(name, stop, grace, abort.Token);
    }

    private async Task RunStageAsync(string name, Func<CancellationToken, Task> stop, TimeSpan grace, CancellationToken abort)
    {
        try
        {
            var stage = stop(abort);
            await WaitAsync(stage, grace, abort);
            Log.Stopped(logger, name);
        }
        catch (TimeoutException)
        {
            Log.LeftBehind(logger, name);
        }
        catch (Exception e)
        {
            Log.Failed(logger, name, e);
        }
    }

    private async Task WaitAsync(Task stage, TimeSpan grace, CancellationToken abort)
    {
        try { await stage.WaitAsync(abort); }
        catch (OperationCanceledException) when (abort.IsCancellationRequested) { await stage.WaitAsync(grace, time, CancellationToken.None); }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 104.
    private static partial class Log
    {
        [LoggerMessage(101, LogLevel.Debug, "Stopped {Stage}")]
        public static partial void Stopped(ILogger logger, string stage);

        [LoggerMessage(102, LogLevel.Warning, "{Stage} did not stop in time and is left behind")]
        public static partial void LeftBehind(ILogger logger, string stage);

        [LoggerMessage(103, LogLevel.Error, "{Stage} failed to stop")]
        public static partial void Failed(ILogger logger, string stage, Exception exception);
    }
}
