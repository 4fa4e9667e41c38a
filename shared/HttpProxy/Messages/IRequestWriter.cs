using Ambient.Http1.Bodies;

namespace Ambient.HttpProxy.Messages;

/// <summary>Writes a request's head in a server's protocol. Order: <see cref="BeginRequest"/>, any number of fields, one of the ends.</summary>
internal interface IRequestWriter
{
    /// <summary>It can be asked for a WebSocket with <see cref="BeginWebSocket"/>.</summary>
    bool TakesUpgrades { get; }

    /// <param name="target">Path and query, or the asterisk.</param>
    void BeginRequest(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority);

    /// <summary>Instead of <see cref="BeginRequest"/>, for a request without body that asks for a WebSocket (RFC 6455 §4.1, RFC 8441 §5).</summary>
    /// <param name="bringsKey">Its fields have the client's sec-websocket-key.</param>
    void BeginWebSocket(ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority, bool bringsKey);

    /// <param name="name">Of any case.</param>
    /// <param name="neverIndexed">A secret that no hop may put into a compression table (RFC 7541 §7.1.3).</param>
    void RequestField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false);

    /// <param name="framing">Of the body that follows.</param>
    void EndRequest(BodyFraming framing);
}
