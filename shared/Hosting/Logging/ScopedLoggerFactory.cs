using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary>Makes loggers that ask <see cref="LogLevels"/> first and then write through Serilog. Thread-safe.</summary>
public sealed class ScopedLoggerFactory : ILoggerFactory
{
    private readonly LogLevels _levels;
    private readonly SerilogLoggerProvider _serilog;

    public ScopedLoggerFactory(LogOutput output, LogFormat format)
    {
        _levels = output.Levels;
        _serilog = new(new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Sink(new SerilogOutput(output, format)).CreateLogger(), dispose: true);
    }

    public Microsoft.Extensions.Logging.ILogger CreateLogger(string categoryName) =>
        new ScopedLogger(_serilog.CreateLogger(categoryName), _levels.ForScope(LogScope.Of(categoryName)));

    /// <exception cref="NotSupportedException">Always: there is one provider.</exception>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Serilog is the only provider; add a sink to it instead.");

    public void Dispose() => _serilog.Dispose();

    private sealed class ScopedLogger(Microsoft.Extensions.Logging.ILogger serilog, ScopeLevel level) : Microsoft.Extensions.Logging.ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => serilog.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => level.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (level.IsEnabled(logLevel)) serilog.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
