using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;

namespace Ambient.Hosting.Logging;

/// <summary>Writes Serilog's events as our lines. The message has its values in it; what the message does not mention follows as fields.</summary>
internal sealed class SerilogOutput(LogOutput output, LogFormat format) : ILogEventSink
{
    private readonly ConcurrentDictionary<string, string> _scopes = new();

    public void Emit(LogEvent logEvent)
    {
        var line = output.Begin(LevelOf(logEvent.Level), ScopeOf(logEvent), MessageOf(logEvent));
        foreach (var (name, value) in logEvent.Properties)
            if (IsField(logEvent, name)) WriteField(line, name, value);
        if (logEvent.Exception is { } exception) line.Field("error"u8, exception.ToString());
        output.Write(line);
    }

    // As Serilog renders, but without quotes around texts: they are part of a sentence here.
    private static string MessageOf(LogEvent logEvent)
    {
        using var message = new StringWriter(CultureInfo.InvariantCulture);
        foreach (var token in logEvent.MessageTemplate.Tokens)
        {
            if (token is PropertyToken property && logEvent.Properties.GetValueOrDefault(property.PropertyName) is ScalarValue { Value: string text })
                message.Write(text);
            else token.Render(logEvent.Properties, message, CultureInfo.InvariantCulture);
        }

        return message.ToString();
    }

    // JSON lines carry every value by name: collectors index them. Plain lines do not say things twice.
    private bool IsField(LogEvent logEvent, string name) =>
        name is not ("SourceContext" or "EventId" or "{OriginalFormat}")
        && (format == LogFormat.Json || !logEvent.MessageTemplate.Tokens.Any(token => token is PropertyToken property && property.PropertyName == name));

    private static void WriteField(LogLine line, string name, LogEventPropertyValue value)
    {
        Span<byte> utf8 = stackalloc byte[64];
        if (!Encoding.UTF8.TryGetBytes(name, utf8, out var length)) return;

        switch ((value as ScalarValue)?.Value)
        {
            case int number: line.Field(utf8[..length], number); break;
            case long number: line.Field(utf8[..length], number); break;
            case bool flag: line.Field(utf8[..length], flag); break;
            case string text: line.Field(utf8[..length], text); break;
            case { } other: line.Field(utf8[..length], other.ToString()); break;
            default: line.Field(utf8[..length], value.ToString()); break;
        }
    }

    private string ScopeOf(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue("SourceContext", out var context) && context is ScalarValue { Value: string category }
            ? _scopes.GetOrAdd(category, LogScope.Of)
            : "log";

    private static LogLevel LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => LogLevel.Trace,
        LogEventLevel.Debug => LogLevel.Debug,
        LogEventLevel.Information => LogLevel.Information,
        LogEventLevel.Warning => LogLevel.Warning,
        _ => LogLevel.Error,
    };
}
