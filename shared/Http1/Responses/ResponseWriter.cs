using System.Buffers;
using Ambient.Http1.Bodies;

namespace Ambient.Http1.Responses;

/// <summary>Writes a response head (RFC 9112 §4): status line, the caller's fields, then framing and connection fields of its own.</summary>
/// <remarks>What would let a value become a second header or a second response is refused with an exception: that is a bug of the caller.
/// Order: <see cref="Begin"/>, any number of <see cref="Field(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, <see cref="End"/>.</remarks>
public readonly struct ResponseWriter
{
    private readonly IBufferWriter<byte> _output;

    private ResponseWriter(IBufferWriter<byte> output) => _output = output;

    /// <param name="status">100 to 599.</param>
    public static ResponseWriter Begin(IBufferWriter<byte> output, int status)
    {
        if (status is < 100 or > 599) throw new ArgumentOutOfRangeException(nameof(status), status, "A status is 100 to 599.");
        output.Write("HTTP/1.1 "u8);
        HeadText.WriteNumber(output, status);
        output.Write(" "u8); // stays also when there is no phrase (RFC 9112 §4)
        output.Write(ReasonPhrase.Of(status));
        output.Write("\r\n"u8);
        return new(output);
    }

    /// <summary>100 (Continue), whole: the final response still follows.</summary>
    public static void WriteContinue(IBufferWriter<byte> output) => output.Write("HTTP/1.1 100 Continue\r\n\r\n"u8);

    /// <exception cref="ArgumentException">Not a token, a control character in the value, or a field that <see cref="End"/> owns.</exception>
    public ResponseWriter Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        HeadText.WriteChecked(_output, name, value);
        return this;
    }

    /// <summary>Closes the head.</summary>
    /// <param name="body">How the body will be sent. For the answer to HEAD and for 304: how it would have been.</param>
    /// <param name="keepAlive">False announces that the connection closes after this response.</param>
    /// <param name="client">What the request spoke: HTTP/1.0 knows no chunks and must be told of a kept connection.</param>
    /// <returns>How the body has to be sent really: chunks become <see cref="BodyFraming.UntilClose"/> for HTTP/1.0, nothing follows 204.</returns>
    public BodyFraming End(int status, BodyFraming body, bool keepAlive, HttpVersion client = HttpVersion.Http11)
    {
        // RFC 9112 §6.1, §6.3: neither length nor coding in 1xx and 204.
        if (status is < 200 or 204) body = BodyFraming.None;
        else if (body.Kind == BodyKind.None) body = BodyFraming.OfLength(0);
        else if (body.Kind == BodyKind.Chunked && client == HttpVersion.Http10) body = BodyFraming.UntilClose;

        Close(body, keepAlive, client);
        return body;
    }

    /// <summary>Closes the head of an answer that no body follows, because it answers HEAD or is a 304.</summary>
    /// <param name="announcedLength">What the answer would have had; null tells nothing of it.</param>
    public void EndWithoutBody(long? announcedLength, bool keepAlive, HttpVersion client = HttpVersion.Http11) =>
        Close(announcedLength is { } length ? BodyFraming.OfLength(length) : BodyFraming.None, keepAlive, client);

    /// <summary>Closes the head of an answer that changes the protocol (101, RFC 9110 §7.8).</summary>
    public void EndUpgrade(ReadOnlySpan<byte> protocol) => HeadText.WriteUpgrade(_output, protocol);

    private void Close(BodyFraming body, bool keepAlive, HttpVersion client)
    {
        HeadText.WriteFraming(_output, body);
        if (!keepAlive || body.Kind == BodyKind.UntilClose) HeadText.WriteField(_output, "connection"u8, "close"u8);
        else if (client == HttpVersion.Http10) HeadText.WriteField(_output, "connection"u8, "keep-alive"u8);
        _output.Write("\r\n"u8);
    }
}
