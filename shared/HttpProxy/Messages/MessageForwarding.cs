using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Forwarding;
using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Messages;

/// <summary>Writes the heads that were read anew for the other side: end-to-end fields as they came, framing of our own (RFC 9112 §6, RFC 9110 §7.6).</summary>
/// <remarks>Every request and every response passes here, whatever either side speaks: the one place for edits of a head.</remarks>
internal static class MessageForwarding
{
    public static void WriteRequest(IRequestWriter writer, RequestHead head)
    {
        writer.BeginRequest(head.Method, TargetOf(head), head.Authority);
        foreach (var field in new EndToEndFields(head.Fields))
            if (!field.Is("host"u8)) writer.RequestField(field.Name, field.Value, field.NeverIndexed);
        if (head.Fields.HasToken("te"u8, "trailers"u8)) writer.RequestField("te"u8, "trailers"u8);
        if (writer.TakesUpgrades && IsUpgrade(head)) writer.EndUpgrade("websocket"u8);
        else writer.EndRequest(head.Framing);
    }

    /// <param name="head">Also of an interim response.</param>
    public static void WriteResponse(IResponseWriter writer, ResponseHead head)
    {
        writer.BeginResponse(head.Status);
        foreach (var field in new EndToEndFields(head.Fields)) writer.ResponseField(field.Name, field.Value, field.NeverIndexed);
        if (head.Status == 101) writer.EndUpgrade("websocket"u8);
        else if (head.Framing.Kind == BodyKind.None && head.Status is not (< 200 or 204)) writer.EndResponseWithoutBody(head.AnnouncedLength);
        else writer.EndResponse(head.Framing);
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
