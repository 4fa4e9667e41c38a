using Ambient.Tls;

namespace Ambient.Hbone.Client;

/// <summary>Why no stream could be had; nothing was accepted from the application yet, so another endpoint may be tried.</summary>
public enum DialReason : byte
{
    /// <summary>No certificate for our own identity.</summary>
    NoIdentity,
    ConnectTimedOut,
    ConnectRefused,
    Unreachable,
    PortsExhausted,
    ConnectFailed,
    HandshakeTimedOut,

    /// <summary>The peer closed or reset the connection before the handshake was complete.</summary>
    HandshakeClosed,

    /// <summary>TLS failed: see the message.</summary>
    HandshakeFailed,

    /// <summary>An open tunnel's peer was revoked while the CONNECT was under way.</summary>
    CertificateRevoked,

    /// <summary>The peer did not answer the CONNECT in time.</summary>
    AnswerTimedOut,

    /// <summary>The peer answered the CONNECT with another status than 200.</summary>
    AnswerRefused,

    /// <summary>The tunnel broke before the answer.</summary>
    TunnelBroken,

    /// <summary>The pool is closing.</summary>
    Closing,
}

/// <param name="Message">For people: names the peer, the limit and the next step.</param>
/// <param name="Status">The peer's status for <see cref="DialReason.AnswerRefused"/>, else 0.</param>
/// <param name="Tls">Set when TLS itself failed.</param>
public sealed record DialFailure(DialReason Reason, string Message, int Status = 0, TlsFailureReason? Tls = null);
