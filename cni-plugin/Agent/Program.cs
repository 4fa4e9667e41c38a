using Ambient.CniAgent;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Stopping;
using Microsoft.Extensions.Logging;

if (args is ["--help" or "-h"])
{
    await Console.Out.WriteLineAsync(AgentOptions.Usage);
    return 0;
}

AgentOptions options;
LogFilter filter;
try
{
    options = AgentOptions.Parse(args);
    filter = LogFilter.Parse(options.LogLevel);
}
catch (FormatException error)
{
    await Console.Error.WriteLineAsync($"{error.Message}\n\n{AgentOptions.Usage}");
    return 2;
}

var time = TimeProvider.System;
using var log = new ProcessLog(options.LogJson ? LogFormat.Json : LogFormat.Plain, filter, Console.OpenStandardOutput(), time);
using var signal = new StopSignal(() => Environment.Exit(1));
signal.ListenToSignals();
using var stop = new CancellationTokenSource();
_ = signal.Requested.ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
try
{
    await new NodeAgent(options, time, log.Loggers).RunAsync(stop.Token);
    return 0;
}
catch (IOException error)
{
    AgentLog.CannotRun(log.Loggers.CreateLogger<NodeAgent>(), error.Message);
    return 1;
}

/// <summary>What the program itself says.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(691, LogLevel.Error, "The agent cannot run: {Reason}")]
    public static partial void CannotRun(ILogger logger, string reason);
}
