using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary><c>{"level":…,"time":…,"scope":…,"message":…, fields}</c></summary>
internal sealed class JsonLogLine : LogLine
{
    private readonly Utf8JsonWriter _json;

    // Relaxed: log lines are not embedded in HTML, and people read them.
    public JsonLogLine() =>
        _json = new(Buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public override void Begin(DateTimeOffset time, LogLevel level, string scope, ReadOnlySpan<char> message)
    {
        Buffer.ResetWrittenCount();
        _json.Reset(Buffer);
        Span<byte> stamp = stackalloc byte[32];

        _json.WriteStartObject();
        _json.WriteString("level"u8, LogFilter.NameOf(level));
        _json.WriteString("time"u8, stamp[..Rfc3339.Format(time, stamp)]);
        _json.WriteString("scope"u8, scope);
        _json.WriteString("message"u8, Cut(message));
    }

    public override void Field(ReadOnlySpan<byte> name, ReadOnlySpan<char> value) => _json.WriteString(name, Cut(value));

    public override void Bare(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => _json.WriteString(name, value);

    public override void Field(ReadOnlySpan<byte> name, long value) => _json.WriteNumber(name, value);

    public override void Field(ReadOnlySpan<byte> name, bool value) => _json.WriteBoolean(name, value);

    public override ReadOnlySpan<byte> End()
    {
        _json.WriteEndObject();
        _json.Flush();
        Buffer.Write("\n"u8);
        return Buffer.WrittenSpan;
    }
}
