using Ambient.Http2;

namespace Ambient.Hbone.Tunnels;

/// <summary>Why a tunnel ended: what the peer is told and what an operator reads.</summary>
/// <param name="TellPeer">GOAWAY and close_notify are worth sending.</param>
public sealed record TunnelEnd(Http2ErrorCode Code, bool TellPeer, string Meaning)
{
    public static readonly TunnelEnd Local = new(Http2ErrorCode.NoError, true, "closed by this side");
    public static readonly TunnelEnd Drained = new(Http2ErrorCode.NoError, true, "drained");
    public static readonly TunnelEnd Idle = new(Http2ErrorCode.NoError, true, "unused for the release time");
    public static readonly TunnelEnd Revoked = new(Http2ErrorCode.NoError, true, "the peer's certificate was revoked");
    public static readonly TunnelEnd PeerClosed = new(Http2ErrorCode.ConnectError, false, "the peer closed the connection");
    public static readonly TunnelEnd PeerReset = new(Http2ErrorCode.ConnectError, false, "the peer reset the connection");
    public static readonly TunnelEnd Unresponsive = new(Http2ErrorCode.NoError, true, "the peer did not answer PING in time");

    public static TunnelEnd Internal(Exception error) => new(Http2ErrorCode.InternalError, true, $"internal error: {error.Message}");
    public static TunnelEnd Protocol(Http2ErrorCode code, string what) => new(code, true, $"HTTP/2 error: {what}");
    public static TunnelEnd Tls(string what) => new(Http2ErrorCode.InternalError, true, $"TLS error: {what}");
}
