using Ambient.ControlPlane;
using Ambient.ControlPlane.Running;
using Ambient.Hosting;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Stopping;
using Ambient.Linux.Files;

return await new DaemonProgram("control-plane", "discovery", "serve discovery and certificates").RunAsync(args, ServeAsync);

static async Task ServeAsync(StopSignal stop)
{
    var options = ControlPlaneOptions.FromEnvironment();
    using var log = new ProcessLog(options.LogFormat, options.LogFilter, OutputStream.StandardOutput(), TimeProvider.System);
    using var starting = new CancellationTokenSource();
    _ = stop.Requested.ContinueWith(_ => starting.Cancel(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    try
    {
        await using var process = await ControlPlaneProcess.StartAsync(options, TimeProvider.System, log, starting.Token);
        var first = await Task.WhenAny(stop.Requested, process.Running);
        await process.StopAsync();
        await first; // what has failed ends the program with an error, and it is started anew
    }
    catch (OperationCanceledException) when (starting.IsCancellationRequested)
    {
        // stopped while it was starting
    }
}
