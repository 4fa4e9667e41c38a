using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Ambient.Grpc.Headers;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Forwarding;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Routing;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Messages;

/// <summary>Writes the heads that were read anew for the other side: end-to-end fields as they came, framing of our own (RFC 9112 §6, RFC 9110 §7.6).</summary>
/// <remarks>Every request and every response passes here, whatever either side speaks: the one place for edits of a head.</remarks>
internal static class MessageForwarding
{
    private static ReadOnlySpan<byte> ServiceTime => "x-envoy-upstream-service-time"u8;

    /// <param name="route">Says what of it is changed.</param>
    /// <param name="attempt">Told to the server; 0 tells nothing.</param>
    /// <param name="timeLeft">Told to the server of a gRPC call instead of what the client said; null leaves it.</param>
    /// <param name="span">Of the attempt, if it has one of its own; else 0.</param>
    public static void WriteRequest(IRequestWriter writer, RequestHead head, in RouteDecision route, int attempt, ulong span, TimeSpan? timeLeft = null)
    {
        var edits = route.Plan.RequestEdits;
        if (writer.TakesUpgrades && IsUpgrade(head)) writer.BeginWebSocket(route.Target ?? TargetOf(head), edits.Authority ?? head.Authority, bringsKey: !head.IsExtendedConnect);
        else writer.BeginRequest(head.Method, route.Target ?? TargetOf(head), edits.Authority ?? head.Authority);
        foreach (var field in new EndToEndFields(head.Fields))
            if (!field.Is("host"u8) && !(head.IsExtendedConnect && field.Is(WebSocketKey.FieldName)) && !edits.Drops(field.Name) && !route.Trace.Replaces(field.Name)
                && (timeLeft is null || !field.Is("grpc-timeout"u8))) writer.RequestField(field.Name, field.Value, field.NeverIndexed);
        foreach (var (name, value) in edits.Added) writer.RequestField(name, value);
        if (edits.Formatted.Length > 0 && route.Facts is { } facts) WriteFormatted(writer, edits, facts);
        foreach (var field in route.RequestFields) writer.RequestField(Encoding.ASCII.GetBytes(field.Name), Encoding.UTF8.GetBytes(field.Value));
        WriteRequestId(writer, route.RequestId);
        route.Trace.Write(writer, span);
        if (route.Scheme is { } scheme && !head.Fields.TryGet("x-forwarded-proto"u8, out _)) writer.RequestField("x-forwarded-proto"u8, scheme);
        if (timeLeft is { } left) WriteTimeLeft(writer, left);
        if (attempt > 0) WriteNumber(writer, "x-envoy-attempt-count"u8, attempt);
        if (attempt > 0 && route.IsRewritten) writer.RequestField("x-envoy-original-path"u8, head.PathAndQuery);
        if (head.Fields.HasToken("te"u8, "trailers"u8)) writer.RequestField("te"u8, "trailers"u8);
        writer.EndRequest(head.Framing);
    }

    /// <param name="head">Also of an interim response.</param>
    /// <param name="more">Written behind the others, in place of what the server and the edits say by the same name.</param>
    /// <param name="serviceTime">How long the server took, told to the client in whole milliseconds; null tells nothing.</param>
    /// <param name="facts">For edits with operators.</param>
    public static void WriteResponse(
        IResponseWriter writer, ResponseHead head, FieldEdits edits, EquatableArray<HeaderValue> more, TimeSpan? serviceTime = null, FieldFacts? facts = null)
    {
        writer.BeginResponse(head.Status);
        WriteResponseFields(writer, head, edits, more, serviceTime, facts);
        if (head.Framing.Kind == BodyKind.None && head.Status is not (< 200 or 204)) writer.EndResponseWithoutBody(head.AnnouncedLength);
        else writer.EndResponse(head.Framing);
    }

    /// <summary>The server speaks the WebSocket protocol from here on, and so do we with the client, however either of them was asked.</summary>
    /// <param name="accept">What a client of HTTP/1.1 wants to be told and a server of HTTP/2 does not say; empty if the server said it, or the client does not ask.</param>
    public static void WriteSwitch(
        IResponseWriter writer, ResponseHead head, FieldEdits edits, EquatableArray<HeaderValue> more, TimeSpan? serviceTime, ReadOnlySpan<byte> accept, FieldFacts? facts)
    {
        writer.BeginWebSocket();
        WriteResponseFields(writer, head, edits, more, serviceTime, facts);
        if (!accept.IsEmpty) writer.ResponseField(WebSocketKey.AcceptName, accept);
        writer.EndWebSocket();
    }

    /// <summary>The client asks for a WebSocket (RFC 6455 §4.1, RFC 8441 §5); other protocols are not switched to, and the request goes on as it is.</summary>
    public static bool IsUpgrade(RequestHead head) => head.IsExtendedConnect ||
        (head.Version == HttpVersion.Http11 && !head.Framing.HasBody && head.Method.SequenceEqual("GET"u8)
        && head.Fields.HasToken("connection"u8, "upgrade"u8) && head.Fields.HasToken("upgrade"u8, "websocket"u8));

    private static void WriteResponseFields(
        IResponseWriter writer, ResponseHead head, FieldEdits edits, EquatableArray<HeaderValue> more, TimeSpan? serviceTime, FieldFacts? facts)
    {
        foreach (var field in new EndToEndFields(head.Fields))
            if (!edits.Drops(field.Name) && !Replaces(more, field.Name) && (serviceTime is null || !field.Is(ServiceTime))) writer.ResponseField(field.Name, field.Value, field.NeverIndexed);
        WriteAdded(writer, head.Status, head, edits, more, facts);
        if (serviceTime is { } time) WriteNumber(writer, ServiceTime, (long)time.TotalMilliseconds);
    }

    /// <summary>What responses get besides what they say themselves, whoever answers.</summary>
    /// <param name="head">Null for an answer of ours.</param>
    /// <param name="more">Written behind the others, in place of what the edits say by the same name.</param>
    /// <param name="facts">For edits with operators.</param>
    public static void WriteAdded(IResponseWriter writer, int status, ResponseHead? head, FieldEdits edits, EquatableArray<HeaderValue> more, FieldFacts? facts)
    {
        foreach (var (name, value) in edits.Added)
            if (!Replaces(more, name)) writer.ResponseField(name, value);
        if (edits.Formatted.Length > 0 && facts is not null) WriteFormatted(writer, status, head, edits, more, facts);
        foreach (var field in more) writer.ResponseField(Encoding.ASCII.GetBytes(field.Name), Encoding.UTF8.GetBytes(field.Value));
    }

    // A page that finds two permissions takes neither; of these two there may be many.
    private static bool Replaces(EquatableArray<HeaderValue> more, ReadOnlySpan<byte> name)
    {
        foreach (var field in more)
            if (field.Name is not ("vary" or "set-cookie") && Ascii.EqualsIgnoreCase(name, field.Name)) return true;
        return false;
    }

    private static void WriteFormatted(IRequestWriter writer, FieldEdits edits, FieldFacts facts)
    {
        var room = ArrayPool<byte>.Shared.Rent(FormattedField.MostBytes);
        foreach (var field in edits.Formatted)
            if (field.Format(facts, 0, null, room.AsSpan(0, FormattedField.MostBytes)) is { IsEmpty: false } value) writer.RequestField(field.Name, value);
        ArrayPool<byte>.Shared.Return(room);
    }

    private static void WriteFormatted(IResponseWriter writer, int status, ResponseHead? head, FieldEdits edits, EquatableArray<HeaderValue> more, FieldFacts facts)
    {
        var room = ArrayPool<byte>.Shared.Rent(FormattedField.MostBytes);
        foreach (var field in edits.Formatted)
            if (!Replaces(more, field.Name) && field.Format(facts, status, head, room.AsSpan(0, FormattedField.MostBytes)) is { IsEmpty: false } value) writer.ResponseField(field.Name, value);
        ArrayPool<byte>.Shared.Return(room);
    }

    private static void WriteRequestId(IRequestWriter writer, Guid? id)
    {
        if (id is null) return;
        Span<byte> text = stackalloc byte[36];
        Utf8Formatter.TryFormat(id.Value, text, out _);
        writer.RequestField("x-request-id"u8, text);
    }

    private static void WriteTimeLeft(IRequestWriter writer, TimeSpan left)
    {
        Span<byte> text = stackalloc byte[GrpcTimeout.MaxLength];
        writer.RequestField("grpc-timeout"u8, text[..GrpcTimeout.Write(left, text)]);
    }

    private static void WriteNumber(IRequestWriter writer, ReadOnlySpan<byte> name, long number)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, text, out var length);
        writer.RequestField(name, text[..length]);
    }

    private static void WriteNumber(IResponseWriter writer, ReadOnlySpan<byte> name, long number)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, text, out var length);
        writer.ResponseField(name, text[..length]);
    }

    // RFC 9112 §3.2.1, §3.2.4: a server gets the origin form, or the asterisk for what asks about itself as a whole.
    private static ReadOnlySpan<byte> TargetOf(RequestHead head)
    {
        if (head.Form != TargetForm.Absolute) return head.Target;
        if (head.PathAndQuery.IsEmpty) return head.Method.SequenceEqual("OPTIONS"u8) ? "*"u8 : "/"u8;
        return head.PathAndQuery[0] == '?' ? (byte[])[(byte)'/', .. head.PathAndQuery] : head.PathAndQuery;
    }
}
