using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;

namespace Ambient.HttpProxy.Tracing;

/// <summary>A span's place in a trace, as it travels between programs.</summary>
/// <param name="High">The first half of the trace's id; zero in a trace with ids of 64 bits.</param>
/// <param name="Low">The other half; never both zero.</param>
/// <param name="SpanId">Never zero.</param>
/// <param name="Flags">Of W3C Trace Context: bit 0 says that the trace is recorded.</param>
public readonly record struct TraceContext(ulong High, ulong Low, ulong SpanId, byte Flags)
{
    public const byte Sampled = 1;

    /// <summary>Bytes of <see cref="WriteTraceparent"/>.</summary>
    public const int TraceparentLength = 55;

    /// <summary>Bytes of <see cref="WriteB3"/>.</summary>
    public const int B3Length = 32 + 1 + 16 + 2;

    private const int IdLength = 16;

    public bool IsValid => (High | Low) != 0 && SpanId != 0;

    public bool IsSampled => (Flags & Sampled) != 0;

    /// <summary>Reads the value of <c>traceparent</c> (W3C Trace Context §3.2). Versions after 00 are read as far as 00 goes.</summary>
    /// <returns>False if a trace has to be begun anew.</returns>
    public static bool TryParseTraceparent(ReadOnlySpan<byte> text, out TraceContext context)
    {
        context = default;
        if (text.Length < TraceparentLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
        if (!TryHex(text[..2], out var version) || version == 0xFF || (version == 0 && text.Length != TraceparentLength)) return false;
        if (text.Length > TraceparentLength && text[TraceparentLength] != '-') return false;
        if (!TryHex(text[3..19], out var high) || !TryHex(text[19..35], out var low) || !TryHex(text[36..52], out var span) || !TryHex(text[53..55], out var flags)) return false;
        context = new(high, low, span, (byte)flags);
        return context.IsValid;
    }

    /// <summary>Reads a trace's id in hexadecimal, of 64 or 128 bits, and a span's.</summary>
    public static bool TryParseIds(ReadOnlySpan<byte> trace, ReadOnlySpan<byte> span, byte flags, out TraceContext context)
    {
        context = default;
        ulong high = 0;
        if (trace.Length is not (IdLength or 2 * IdLength) || span.Length != IdLength) return false;
        if (trace.Length > IdLength && !TryHex(trace[..IdLength], out high)) return false;
        if (!TryHex(trace[^IdLength..], out var low) || !TryHex(span, out var id)) return false;
        context = new(high, low, id, flags);
        return context.IsValid;
    }

    /// <summary>Writes the value of <c>traceparent</c>, of version 00.</summary>
    public void WriteTraceparent(Span<byte> into)
    {
        "00-"u8.CopyTo(into);
        WriteTraceId(into[3..]);
        into[35] = (byte)'-';
        WriteHex(SpanId, into[36..]);
        into[52] = (byte)'-';
        Utf8Formatter.TryFormat(Flags, into[53..], out _, new('x', 2));
    }

    /// <summary>Writes the value of <c>b3</c>: trace, span, and whether it is recorded.</summary>
    public void WriteB3(Span<byte> into)
    {
        WriteTraceId(into);
        into[32] = (byte)'-';
        WriteHex(SpanId, into[33..]);
        into[49] = (byte)'-';
        into[50] = (byte)(IsSampled ? '1' : '0');
    }

    /// <summary>32 digits.</summary>
    public void WriteTraceId(Span<byte> into)
    {
        WriteHex(High, into);
        WriteHex(Low, into[IdLength..]);
    }

    /// <summary>16 digits.</summary>
    public static void WriteHex(ulong id, Span<byte> into) => Utf8Formatter.TryFormat(id, into, out _, new('x', IdLength));

    /// <summary>16 bytes in network order, as OTLP wants them.</summary>
    public void WriteTraceIdBytes(Span<byte> into)
    {
        BinaryPrimitives.WriteUInt64BigEndian(into, High);
        BinaryPrimitives.WriteUInt64BigEndian(into[8..], Low);
    }

    // Lower case only, as W3C has it; B3 is written so too.
    private static bool TryHex(ReadOnlySpan<byte> digits, out ulong value)
    {
        value = 0;
        return !digits.ContainsAnyExcept(LowerHex) && ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);
}
