using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Running;

/// <summary>A part of the process, without which the rest is of no use.</summary>
internal static partial class Part
{
    /// <summary>Runs it until its end, on threads of its own.</summary>
    /// <exception cref="InvalidOperationException">It has failed, which none should: the message names it.</exception>
    public static Task RunAsync(string name, Func<Task> run, ILogger logger) => Task.Run(async () =>
    {
        try { await run(); }
        catch (Exception e)
        {
            Log.Failed(logger, name, e);
            throw new InvalidOperationException($"{name} failed: {e.Message}", e);
        }
    });

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1402.
    private static partial class Log
    {
        [LoggerMessage(1401, LogLevel.Critical, "{Part} failed, so this process ends; please report this")]
        public static partial void Failed(ILogger logger, string part, Exception error);
    }
}
