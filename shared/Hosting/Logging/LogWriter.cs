using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary>The thread that moves finished lines to the output, many to a write. The only one that may ever wait for the output.</summary>
public sealed class LogWriter : IDisposable
{
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan WarnEvery = TimeSpan.FromSeconds(10);

    private readonly LogQueue _queue;
    private readonly LogFormat _format;
    private readonly Stream _output;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private long _warnedOf, _warnedAt;
    private bool _outputFailed;

    /// <param name="output">Owned. Writes may block; a failing write ends output for good, never the process.</param>
    public LogWriter(LogQueue queue, LogFormat format, Stream output, TimeProvider time)
    {
        (_queue, _format, _output, _time) = (queue, format, output, time);
        _warnedAt = time.GetTimestamp() - (long)(WarnEvery.TotalSeconds * time.TimestampFrequency);
        _thread = new Thread(Run, maxStackSize: 256 << 10) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Takes no more lines and writes what is queued, waiting at most <paramref name="limit"/>.</summary>
    /// <returns>True if everything was written.</returns>
    public bool Finish(TimeSpan limit)
    {
        _queue.Complete();
        return _thread.Join(limit);
    }

    public void Dispose()
    {
        // A writer that is stuck in the kernel keeps its stream: closing it under a write would be worse than leaking it at exit.
        if (Finish(TimeSpan.FromSeconds(1))) _output.Dispose();
    }

    private void Run()
    {
        while (_queue.Take(Linger) is { IsEmpty: false } lines)
        {
            TryWrite(lines.Span);
            WarnOfLostLines();
        }

        WarnOfLostLines();
    }

    private void TryWrite(ReadOnlySpan<byte> lines)
    {
        if (_outputFailed) return;
        try
        {
            _output.Write(lines);
            _output.Flush();
        }
        catch (IOException)
        {
            _outputFailed = true; // nobody reads us any more, and there is no other place to say so
        }
    }

    private void WarnOfLostLines()
    {
        var lost = _queue.Dropped;
        if (lost == _warnedOf || _time.GetElapsedTime(_warnedAt) < WarnEvery) return;

        var line = LogLine.Create(_format);
        line.Begin(_time.GetUtcNow(), LogLevel.Warning, "log", "log lines were dropped because the output is too slow");
        line.Field("lines"u8, lost - _warnedOf);
        (_warnedOf, _warnedAt) = (lost, _time.GetTimestamp());
        TryWrite(line.End());
    }
}
