using Ambient.Http1.Heads;
using Ambient.HttpProxy.Messages;

namespace Ambient.HttpProxy.Tracing;

/// <summary>A request's own span in a trace, and how its servers learn of it. The default leaves the request's fields as they are.</summary>
/// <param name="Context">Of the request's span.</param>
/// <param name="Parent">The client's span; 0 in a trace that begins here.</param>
/// <param name="Written">In which fields servers are told.</param>
/// <param name="KeepsState">The client's <c>tracestate</c> belongs to this trace.</param>
public readonly record struct RequestTrace(TraceContext Context, ulong Parent, TraceFormats Written, bool KeepsState)
{
    /// <summary>Spans of the request and of its attempts are wanted.</summary>
    public bool IsRecorded => Written != TraceFormats.None && Context.IsSampled;

    /// <summary>A trace goes on if the client says so and is begun by chance if it says nothing; what a client does not record is passed on as it is.</summary>
    /// <param name="percent">Of the requests whose client does not decide, 0 to 100.</param>
    /// <param name="random">For that, and for spans, which need only differ within their trace.</param>
    /// <param name="ids">For traces.</param>
    public static RequestTrace Begin(FieldSection fields, double percent, Random random, UniqueIds ids)
    {
        var incoming = IncomingTrace.Read(fields);
        var parent = incoming.Context;
        if (incoming.Sampled == false && parent.IsValid) return default;
        var isSampled = incoming.Sampled ?? random.NextDouble() * 100 < percent;
        var span = NewId(random);
        var flags = (byte)(isSampled ? parent.Flags | TraceContext.Sampled : parent.Flags & ~TraceContext.Sampled);
        var context = parent.IsValid ? parent with { SpanId = span, Flags = flags } : NewTrace(ids, span, flags);
        return new(context, parent.IsValid ? parent.SpanId : 0, incoming.Formats | TraceFormats.W3C, incoming.IsW3C);
    }

    /// <returns>Never zero.</returns>
    public static ulong NewId(Random random)
    {
        while (true)
            if ((ulong)random.NextInt64(long.MinValue, long.MaxValue) is not 0 and var id) return id;
    }

    /// <summary>Not passed on: what is written takes its place.</summary>
    internal bool Replaces(ReadOnlySpan<byte> name)
    {
        if (Written == TraceFormats.None || name.IsEmpty) return false;
        return (name[0] | 0x20) switch
        {
            (byte)'t' => Is(name, "traceparent"u8) || (!KeepsState && Is(name, "tracestate"u8)),
            (byte)'b' => Is(name, "b3"u8),
            (byte)'x' => name.Length > 5 && Is(name[..5], "x-b3-"u8),
            _ => false,
        };
    }

    /// <param name="attempt">The span of the attempt, which becomes the server's parent; 0 for the request's.</param>
    internal void Write(IRequestWriter writer, ulong attempt)
    {
        if (Written == TraceFormats.None) return;
        var told = attempt == 0 ? Context : Context with { SpanId = attempt };
        Span<byte> text = stackalloc byte[TraceContext.TraceparentLength];
        told.WriteTraceparent(text);
        writer.RequestField("traceparent"u8, text);
        if (Written.HasFlag(TraceFormats.B3Single))
        {
            told.WriteB3(text);
            writer.RequestField("b3"u8, text[..TraceContext.B3Length]);
        }

        if (!Written.HasFlag(TraceFormats.B3Multi)) return;
        told.WriteTraceId(text);
        writer.RequestField("x-b3-traceid"u8, text[..32]);
        TraceContext.WriteHex(told.SpanId, text);
        writer.RequestField("x-b3-spanid"u8, text[..16]);
        if (attempt != 0 || Parent != 0)
        {
            TraceContext.WriteHex(attempt != 0 ? Context.SpanId : Parent, text);
            writer.RequestField("x-b3-parentspanid"u8, text[..16]);
        }

        writer.RequestField("x-b3-sampled"u8, told.IsSampled ? "1"u8 : "0"u8);
    }

    private static TraceContext NewTrace(UniqueIds ids, ulong span, byte flags)
    {
        Span<byte> bytes = stackalloc byte[16];
        ids.Next().TryWriteBytes(bytes);
        return new(BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[8..]), span, flags);
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower) => System.Text.Ascii.EqualsIgnoreCase(name, lower);
}
