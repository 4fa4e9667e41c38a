using Ambient.CniAgent;
using Ambient.Hosting;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Options;
using Ambient.Hosting.Stopping;
using Ambient.Kubernetes.Configuration;
using Ambient.Linux;
using Microsoft.Extensions.Logging;

if (args is ["version"])
{
    Console.WriteLine(BuildInfo.Current("unknown").Version);
    return 0;
}
if (args.Length > 0)
{
    await Console.Out.WriteLineAsync(AgentOptions.Usage);
    return args is ["--help" or "-h"] ? 0 : 2;
}

AgentOptions options;
try
{
    options = AgentOptions.FromEnvironment();
}
catch (OptionsException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
}

NativeHeap.Share(); // libnftables is called by many threads, now and then
var time = TimeProvider.System;
using var log = new ProcessLog(options.LogFormat, options.LogFilter, Console.OpenStandardOutput(), time);
using var signal = new StopSignal(() => Environment.Exit(1));
signal.ListenToSignals();
using var stop = new CancellationTokenSource();
_ = signal.Requested.ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
try
{
    await new NodeAgent(options, time, log.Loggers).RunAsync(stop.Token);
    return 0;
}
catch (Exception error) when (error is IOException or ConfigurationException)
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
