using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

public enum LogFormat
{
    /// <summary>Tab-separated, for people: time, level, scope, message, <c>key=value …</c>.</summary>
    Plain,

    /// <summary>One JSON object per line, for collectors.</summary>
    Json,
}

/// <summary>One line being written, in either format. Reused: it allocates nothing once its buffer has grown.</summary>
/// <remarks>Order: <see cref="Begin"/>, fields, <see cref="End"/>. Not thread-safe: each thread has its own.</remarks>
public abstract class LogLine
{
    /// <summary>Longer text is cut, because nobody reads it and the queue is bounded.</summary>
    public const int MaxTextLength = 8192;

    private protected ArrayBufferWriter<byte> Buffer { get; } = new(512);

    public static LogLine Create(LogFormat format) => format == LogFormat.Json ? new JsonLogLine() : new PlainLogLine();

    public abstract void Begin(DateTimeOffset time, LogLevel level, string scope, ReadOnlySpan<char> message);

    /// <summary>Text: quoted in plain lines.</summary>
    public abstract void Field(ReadOnlySpan<byte> name, ReadOnlySpan<char> value);

    /// <summary>Addresses, durations and the like: bare in plain lines, text in JSON. Must not need escaping.</summary>
    public abstract void Bare(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    public abstract void Field(ReadOnlySpan<byte> name, long value);

    public abstract void Field(ReadOnlySpan<byte> name, bool value);

    /// <summary>The whole line with its line end; valid until the next <see cref="Begin"/>.</summary>
    public abstract ReadOnlySpan<byte> End();

    /// <summary>As <see cref="Bare"/> if the text is visible ASCII that cannot be taken for something else; quoted if not.</summary>
    public void BareText(ReadOnlySpan<byte> name, ReadOnlySpan<char> value)
    {
        Span<byte> text = stackalloc byte[256];
        if (TryCopyBare(value, text)) Bare(name, text[..value.Length]);
        else Field(name, value);
    }

    private static bool TryCopyBare(ReadOnlySpan<char> value, Span<byte> text)
    {
        if (value.IsEmpty || value.Length > text.Length) return false;
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] is <= ' ' or > '~' or '"' or '\\' or '=') return false;
            text[i] = (byte)value[i];
        }

        return true;
    }

    private protected static ReadOnlySpan<char> Cut(ReadOnlySpan<char> text) => text.Length > MaxTextLength ? text[..MaxTextLength] : text;
}
