using Ambient.Http1.Bodies;

namespace Ambient.HttpProxy.Messages;

/// <summary>Writes a response's head in the client's protocol. Order: <see cref="BeginResponse"/>, any number of fields, one of the ends.</summary>
internal interface IResponseWriter
{
    /// <param name="status">100 to 599 without 101; below 200 the final response still follows.</param>
    void BeginResponse(int status);

    /// <summary>Instead of <see cref="BeginResponse"/>, for the answer behind which both sides speak the WebSocket protocol.</summary>
    void BeginWebSocket();

    /// <param name="name">Of any case.</param>
    /// <param name="neverIndexed">A secret that no hop may put into a compression table (RFC 7541 §7.1.3).</param>
    void ResponseField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false);

    /// <param name="framing">Of the body that follows. Ignored for a status below 200.</param>
    void EndResponse(BodyFraming framing);

    /// <summary>Ends the head of an answer that no body follows, because it answers HEAD or is a 204 or 304.</summary>
    /// <param name="announcedLength">What the body would have had; null tells nothing of it.</param>
    void EndResponseWithoutBody(long? announcedLength);

    /// <summary>Ends what <see cref="BeginWebSocket"/> began.</summary>
    void EndWebSocket();
}
