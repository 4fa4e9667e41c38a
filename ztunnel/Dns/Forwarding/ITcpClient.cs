namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>The client's end of a TCP connection whose messages are forwarded.</summary>
internal interface ITcpClient
{
    /// <summary>Relays an upstream's message as it is.</summary>
    void Relay(ReadOnlySpan<byte> message);

    /// <summary>Completes when the client has taken enough of what was relayed.</summary>
    Task WaitForRoomAsync();

    /// <summary>A query has ended: answered if <paramref name="failure"/> is null, otherwise the client is to be told.</summary>
    /// <param name="query">Borrowed.</param>
    void Ended(TcpQuery query, ForwardFailure? failure);

    /// <summary>The upstream ended after answers of many messages: so does the client's connection, as it would without us.</summary>
    void Close();
}
