using System.Buffers;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Forwarding;
using Ambient.Http1.Heads;
using Ambient.Http1.Requests;
using Ambient.Http1.Responses;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>Writes the heads that were read anew for the other side: end-to-end fields as they came, framing of our own (RFC 9112 §6, RFC 9110 §7.6).</summary>
internal static class MessageForwarding
{
    /// <returns>How the body must be sent.</returns>
    public static BodyFraming WriteRequest(IBufferWriter<byte> output, RequestHead head)
    {
        var writer = RequestWriter.Begin(output, head.Method, TargetOf(head), head.Authority);
        foreach (var field in new EndToEndFields(head.Fields))
            if (!field.Is("host"u8)) writer.Field(field.Name, field.Value);
        if (head.Fields.HasToken("te"u8, "trailers"u8)) writer.Field("te"u8, "trailers"u8);
        if (IsUpgrade(head))
        {
            writer.EndUpgrade("websocket"u8);
            return BodyFraming.None;
        }

        writer.End(head.Framing);
        return head.Framing;
    }

    /// <param name="keepAlive">Another request may follow.</param>
    /// <returns>How the body must be sent.</returns>
    public static BodyFraming WriteResponse(IBufferWriter<byte> output, RequestHead request, ResponseHead head, bool keepAlive)
    {
        var writer = ResponseWriter.Begin(output, head.Status);
        foreach (var field in new EndToEndFields(head.Fields)) writer.Field(field.Name, field.Value);
        if (head.Status == 101)
        {
            writer.EndUpgrade("websocket"u8);
            return BodyFraming.UntilClose;
        }

        if (head.Framing.Kind == BodyKind.None && head.Status is not (< 200 or 204))
        {
            writer.EndWithoutBody(head.AnnouncedLength, keepAlive, request.Version);
            return BodyFraming.None;
        }

        // What ends with the server's connection is sent in chunks, so that ours can stay.
        var framing = head.Framing.Kind == BodyKind.UntilClose ? BodyFraming.Chunked : head.Framing;
        return writer.End(head.Status, framing, keepAlive, request.Version);
    }

    /// <summary>The client asks for a WebSocket (RFC 6455 §4.1); other protocols are not switched to, and the request goes on as it is.</summary>
    public static bool IsUpgrade(RequestHead head) =>
        head.Version == HttpVersion.Http11 && !head.Framing.HasBody && head.Method.SequenceEqual("GET"u8)
        && head.Fields.HasToken("connection"u8, "upgrade"u8) && head.Fields.HasToken("upgrade"u8, "websocket"u8);

    // RFC 9112 §3.2.1, §3.2.4: a server gets the origin form, or the asterisk for what asks about itself as a whole.
    private static ReadOnlySpan<byte> TargetOf(RequestHead head)
    {
        if (head.Form != TargetForm.Absolute) return head.Target;
        if (head.PathAndQuery.IsEmpty) return head.Method.SequenceEqual("OPTIONS"u8) ? "*"u8 : "/"u8;
        return head.PathAndQuery[0] == '?' ? (byte[])[(byte)'/', .. head.PathAndQuery] : head.PathAndQuery;
    }
}
