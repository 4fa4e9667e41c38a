using Ambient.ControlPlane;
using Ambient.ControlPlane.Running;
using Ambient.Hosting;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Stopping;
using Ambient.Linux.Files;

const string help = """
    control-plane discovery   serve discovery and certificates (the default); everything is set by environment variables
    control-plane version     print the version
    control-plane help        print this
    """;

switch (args.FirstOrDefault("discovery"))
{
    case "discovery":
        return await ServeAsync();
    case "version":
        Console.WriteLine(BuildInfo.Current("unknown").Version);
        return 0;
    case "help":
        Console.WriteLine(help);
        return 0;
    default:
        await Console.Error.WriteLineAsync(help);
        return 1;
}

static async Task<int> ServeAsync()
{
    try
    {
        using var stop = new StopSignal(static () => Environment.Exit(0));
        stop.ListenToSignals();
        var options = ControlPlaneOptions.FromEnvironment();
        using var log = new ProcessLog(options.LogFormat, options.LogFilter, OutputStream.StandardOutput(), TimeProvider.System);
        using var starting = new CancellationTokenSource();
        _ = stop.Requested.ContinueWith(_ => starting.Cancel(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await using var process = await ControlPlaneProcess.StartAsync(options, TimeProvider.System, log, starting.Token);
        await stop.Requested;
        await process.StopAsync();
        return 0;
    }
    catch (OperationCanceledException) { return 0; } // stopped while it was starting
    catch (Exception error)
    {
        await Console.Error.WriteLineAsync($"The control plane cannot start: {error.Message}");
        return 1;
    }
}
