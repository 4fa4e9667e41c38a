using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary><c>time TAB level TAB scope TAB message TAB k=v k="v" …</c></summary>
internal sealed class PlainLogLine : LogLine
{
    private const string OwnPrefix = "ztunnel::";

    private bool _hasFields;

    public override void Begin(DateTimeOffset time, LogLevel level, string scope, ReadOnlySpan<char> message)
    {
        Buffer.ResetWrittenCount();
        _hasFields = false;
        Buffer.Advance(Rfc3339.Format(time, Buffer.GetSpan(32)));
        Buffer.Write("\t"u8);
        WriteText(LogFilter.NameOf(level));
        Buffer.Write("\t"u8);
        WriteText(scope.StartsWith(OwnPrefix, StringComparison.Ordinal) ? scope.AsSpan(OwnPrefix.Length) : scope);
        Buffer.Write("\t"u8);
        WriteEscaped(Cut(message), quoted: false);
    }

    public override void Field(ReadOnlySpan<byte> name, ReadOnlySpan<char> value)
    {
        BeginField(name);
        Buffer.Write("\""u8);
        WriteEscaped(Cut(value), quoted: true);
        Buffer.Write("\""u8);
    }

    public override void Bare(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        BeginField(name);
        Buffer.Write(value);
    }

    public override void Field(ReadOnlySpan<byte> name, long value)
    {
        BeginField(name);
        value.TryFormat(Buffer.GetSpan(20), out var written, default, CultureInfo.InvariantCulture);
        Buffer.Advance(written);
    }

    public override void Field(ReadOnlySpan<byte> name, bool value) => Bare(name, value ? "true"u8 : "false"u8);

    public override ReadOnlySpan<byte> End()
    {
        Buffer.Write("\n"u8);
        return Buffer.WrittenSpan;
    }

    private void BeginField(ReadOnlySpan<byte> name)
    {
        Buffer.Write(_hasFields ? " "u8 : "\t"u8);
        _hasFields = true;
        Buffer.Write(name);
        Buffer.Write("="u8);
    }

    // A line stays one line whatever a peer puts into it: control characters are always escaped.
    private void WriteEscaped(ReadOnlySpan<char> text, bool quoted)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029) WriteEscape(rune);
            else if (quoted && rune.Value is '"' or '\\' && quoted) WriteText(rune.Value == '"' ? "\\\"" : "\\\\");
            else Buffer.Advance(rune.EncodeToUtf8(Buffer.GetSpan(4)));
        }
    }

    private void WriteEscape(Rune rune)
    {
        switch (rune.Value)
        {
            case '\n': Buffer.Write("\\n"u8); break;
            case '\r': Buffer.Write("\\r"u8); break;
            case '\t': Buffer.Write("\\t"u8); break;
            default:
                Utf8.TryWrite(Buffer.GetSpan(12), CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}", out var written);
                Buffer.Advance(written);
                break;
        }
    }

    private void WriteText(ReadOnlySpan<char> text)
    {
        Utf8.FromUtf16(text, Buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length)), out _, out var written);
        Buffer.Advance(written);
    }
}
