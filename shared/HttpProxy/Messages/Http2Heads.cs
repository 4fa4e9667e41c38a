using System.Buffers.Text;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http2;

namespace Ambient.HttpProxy.Messages;

/// <summary>Heads of HTTP/2 in the shape that all heads have here, and back. What is read was checked against RFC 9113 §8 before.</summary>
internal static class Http2Heads
{
    // RFC 8441 §4 leaves the status open; RFC 9220 §3 says 501.
    private static readonly Http1Error UnknownProtocol = new(Http1Violation.BadTarget, 501, "Of extended CONNECT (RFC 8441) only websocket is served here.");

    /// <returns>What is wrong with the request beyond HTTP/2's own rules.</returns>
    public static Http1Error ReadRequest(HeaderList headers, bool endStream, RequestHeadBuilder into)
    {
        var authority = headers.Authority;
        if (authority.IsEmpty && headers.TryFind("host"u8, out var host)) authority = host;
        var isWebSocket = headers.Protocol.SequenceEqual("websocket"u8);
        if (isWebSocket) into.BeginWebSocket(headers.Path, authority);
        else into.Begin(headers.Method, headers.Path, authority);
        var error = into.Complete(hasBody: !endStream && !isWebSocket, ReadFields(headers, into, isRequest: true));
        return error.IsNone && !headers.Protocol.IsEmpty && !isWebSocket ? UnknownProtocol : error;
    }

    /// <param name="answersHead">The request was HEAD.</param>
    /// <returns>What is wrong with the response beyond HTTP/2's own rules.</returns>
    public static Http1Error ReadResponse(HeaderList headers, bool endStream, bool answersHead, ResponseHeadBuilder into)
    {
        into.Begin(headers.Status);
        return into.Complete(hasBody: !endStream, ReadFields(headers, into, isRequest: false), answersHead);
    }

    public static void AddLength(HeaderList headers, BodyFraming framing)
    {
        if (framing.Kind == BodyKind.Length) AddLength(headers, framing.Length);
    }

    public static void AddLength(HeaderList headers, long length)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(length, digits, out var written);
        headers.Add("content-length"u8, digits[..written]);
    }

    public static void AddStatus(HeaderList headers, int status)
    {
        Span<byte> digits = stackalloc byte[3];
        Utf8Formatter.TryFormat(status, digits, out _);
        headers.Add(":status"u8, digits);
    }

    /// <returns>The length announced.</returns>
    private static long? ReadFields(HeaderList headers, HeadBuilder into, bool isRequest)
    {
        long? length = null;
        var hasCookie = false;
        for (var i = 0; i < headers.Count; i++)
        {
            var field = headers[i];
            if (field.Name[0] == ':' || (isRequest && field.Name.SequenceEqual("host"u8))) continue;
            var isCookie = isRequest && field.Name.SequenceEqual("cookie"u8);
            if (isCookie && hasCookie) continue;
            if (field.Name.SequenceEqual("content-length"u8) && Utf8Parser.TryParse(field.Value, out long said, out _)) length = said;
            into.Add(field.Name, field.Value, field.NeverIndexed);
            if (isCookie) AddCrumbs(headers, i + 1, into);
            hasCookie |= isCookie;
        }

        return length;
    }

    // RFC 9113 §8.2.3: crumbs become one field again.
    private static void AddCrumbs(HeaderList headers, int from, HeadBuilder into)
    {
        for (var i = from; i < headers.Count; i++)
        {
            if (!headers[i].Name.SequenceEqual("cookie"u8)) continue;
            into.Extend("; "u8);
            into.Extend(headers[i].Value);
        }
    }
}
