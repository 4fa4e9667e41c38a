using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary>Where finished lines go. Anything that logs, through <see cref="ILogger"/> or by itself, ends here.</summary>
/// <remarks>Thread-safe. Lines are formatted on the calling thread into a buffer it keeps, then copied into the queue.</remarks>
public sealed class LogOutput(LogFormat format, LogLevels levels, LogQueue queue, TimeProvider time)
{
    private readonly ThreadLocal<LogLine> _line = new(() => LogLine.Create(format));

    public LogLevels Levels { get; } = levels;

    /// <summary>Lines lost so far.</summary>
    public long Dropped => queue.Dropped;

    /// <summary>Starts a line of the calling thread; hand it to <see cref="Write(LogLine)"/> before the thread logs again.</summary>
    public LogLine Begin(LogLevel level, string scope, ReadOnlySpan<char> message)
    {
        var line = _line.Value!;
        line.Begin(time.GetUtcNow(), level, scope, message);
        return line;
    }

    /// <summary>A whole line in a format of its own, with its line end.</summary>
    /// <returns>False if it was dropped because the output is too slow.</returns>
    public bool Write(ReadOnlySpan<byte> line) => queue.TryWrite(line);

    /// <returns>False if it was dropped because the output is too slow.</returns>
    public bool Write(LogLine line) => queue.TryWrite(line.End());
}
