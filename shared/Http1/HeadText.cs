using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Ambient.Http1.Bodies;

namespace Ambient.Http1;

/// <summary>The lines that requests and responses have in common, written.</summary>
internal static class HeadText
{
    /// <exception cref="ArgumentException">Not a token, a control character in the value, or a field that only the framing may write.</exception>
    public static void WriteChecked(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!HttpCharacters.IsToken(name)) throw new ArgumentException("A header name must be a token.", nameof(name));
        if (!HttpCharacters.IsFieldValue(value)) throw new ArgumentException("A header value must not hold control characters.", nameof(value));
        if (IsFraming(name)) throw new ArgumentException($"'{Encoding.ASCII.GetString(name)}' is written by End.", nameof(name));
        WriteField(output, name, value);
    }

    public static void WriteField(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        output.Write(name);
        output.Write(": "u8);
        output.Write(value);
        output.Write("\r\n"u8);
    }

    /// <summary>The field that tells how the body ends; none for a body that is not there or that the connection's end ends.</summary>
    public static void WriteFraming(IBufferWriter<byte> output, BodyFraming body)
    {
        if (body.Kind == BodyKind.Chunked) WriteField(output, "transfer-encoding"u8, "chunked"u8);
        if (body.Kind != BodyKind.Length) return;
        output.Write("content-length: "u8);
        WriteNumber(output, body.Length);
        output.Write("\r\n"u8);
    }

    /// <summary>The two fields that change the protocol (RFC 9110 §7.8), and the head's end.</summary>
    /// <exception cref="ArgumentException">A control character in the name.</exception>
    public static void WriteUpgrade(IBufferWriter<byte> output, ReadOnlySpan<byte> protocol)
    {
        if (!HttpCharacters.IsFieldValue(protocol)) throw new ArgumentException("A protocol must not hold control characters.", nameof(protocol));
        WriteField(output, "connection"u8, "upgrade"u8);
        WriteField(output, "upgrade"u8, protocol);
        output.Write("\r\n"u8);
    }

    public static void WriteNumber(IBufferWriter<byte> output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var written);
        output.Advance(written);
    }

    private static bool IsFraming(ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(name, "content-length"u8) || Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8)
        || Ascii.EqualsIgnoreCase(name, "connection"u8);
}
