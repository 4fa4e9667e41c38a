using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Tracing;

/// <summary>In which fields a trace's context travels.</summary>
[Flags]
public enum TraceFormats : byte
{
    None = 0,

    /// <summary><c>traceparent</c> and <c>tracestate</c> (W3C Trace Context).</summary>
    W3C = 1,

    /// <summary><c>b3</c>.</summary>
    B3Single = 2,

    /// <summary><c>x-b3-traceid</c> and so on.</summary>
    B3Multi = 4,
}

/// <summary>The context that a request brought.</summary>
/// <param name="Context">Not valid if a trace has to be begun anew.</param>
/// <param name="Formats">In which fields something stood, valid or not.</param>
/// <param name="Sampled">Whether the client wants the trace recorded; null if it leaves that to others.</param>
/// <param name="IsW3C">The context is that of <c>traceparent</c>, and <c>tracestate</c> belongs to it.</param>
public readonly record struct IncomingTrace(TraceContext Context, TraceFormats Formats, bool? Sampled, bool IsW3C)
{
    /// <summary>W3C goes before B3, and B3's one field before its many.</summary>
    public static IncomingTrace Read(FieldSection fields)
    {
        var found = ReadB3Multi(fields);
        if (fields.TryGet("b3"u8, out var single))
            found = TryReadB3(single, out var b3) ? b3 with { Formats = found.Formats | b3.Formats } : found with { Formats = found.Formats | TraceFormats.B3Single };
        if (!fields.TryGet("traceparent"u8, out var parent)) return found;
        var formats = found.Formats | TraceFormats.W3C;
        return fields.CountOf("traceparent"u8) == 1 && TraceContext.TryParseTraceparent(parent, out var context)
            ? new(context, formats, context.IsSampled, IsW3C: true)
            : found with { Formats = formats };
    }

    private static IncomingTrace ReadB3Multi(FieldSection fields)
    {
        var isThere = fields.TryGet("x-b3-sampled"u8, out var sampled) | fields.TryGet("x-b3-flags"u8, out var flags) | fields.TryGet("x-b3-traceid"u8, out var trace);
        if (!isThere) return default;
        bool? wanted = flags.SequenceEqual("1"u8) || sampled.SequenceEqual("1"u8) || sampled.SequenceEqual("true"u8) ? true
            : sampled.SequenceEqual("0"u8) || sampled.SequenceEqual("false"u8) ? false : null;
        fields.TryGet("x-b3-spanid"u8, out var span);
        TraceContext.TryParseIds(trace, span, FlagsOf(wanted), out var context);
        return new(context, TraceFormats.B3Multi, wanted, IsW3C: false);
    }

    // trace-span[-sampled[-parent]], or the decision alone.
    private static bool TryReadB3(ReadOnlySpan<byte> text, out IncomingTrace trace)
    {
        trace = default;
        if (text.Length == 1) return TryDecide(text[0], default, out trace);
        var dash = text.IndexOf((byte)'-');
        if (dash < 0 || text.Length < dash + 17 || !TraceContext.TryParseIds(text[..dash], text.Slice(dash + 1, 16), 0, out var context)) return false;
        var rest = text[(dash + 17)..];
        if (rest.Length >= 2 && rest[0] == '-') return TryDecide(rest[1], context, out trace);
        trace = new(context, TraceFormats.B3Single, null, IsW3C: false);
        return rest.IsEmpty;
    }

    private static bool TryDecide(byte state, TraceContext context, out IncomingTrace trace)
    {
        bool? wanted = state switch { (byte)'1' or (byte)'d' => true, (byte)'0' => false, _ => null };
        trace = new(context with { Flags = FlagsOf(wanted) }, TraceFormats.B3Single, wanted, IsW3C: false);
        return wanted is not null;
    }

    private static byte FlagsOf(bool? wanted) => wanted == true ? TraceContext.Sampled : (byte)0;
}
