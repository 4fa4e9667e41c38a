using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary>All of a process's logging, wired: queue, writing thread, levels, and the factory that everything else takes.</summary>
public sealed class ProcessLog : IDisposable
{
    private readonly LogWriter _writer;

    /// <param name="output">Owned; usually standard output.</param>
    public ProcessLog(LogFormat format, LogFilter filter, Stream output, TimeProvider time)
    {
        var queue = new LogQueue();
        _writer = new(queue, format, output, time);
        Output = new(format, new LogLevels(filter), queue, time);
        Loggers = new ScopedLoggerFactory(Output, format);
    }

    public ILoggerFactory Loggers { get; }

    /// <summary>For lines that are written so often that they format themselves (the access log).</summary>
    public LogOutput Output { get; }

    public LogLevels Levels => Output.Levels;

    /// <summary>Writes what is queued, waiting at most a second: a stuck reader does not keep the process alive.</summary>
    public void Dispose()
    {
        Loggers.Dispose();
        _writer.Dispose();
    }
}
