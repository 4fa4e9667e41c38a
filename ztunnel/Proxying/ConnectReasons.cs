using Ambient.Hbone.Client;
using Ambient.Hbone.Server;
using Ambient.Linux;
using Ambient.Model.Connections;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Failures of the layers below, in the words of the access log.</summary>
internal static class ConnectReasons
{
    public static ReasonCode Of(ConnectFailure failure) => failure.Kind switch
    {
        _ when failure.Errno == Errno.BadDescriptor => ReasonCode.Drained, // the pod has left, and its namespace is closed
        ConnectFailureKind.TimedOut => ReasonCode.ConnectTimeout,
        ConnectFailureKind.Refused => ReasonCode.ConnectRefused,
        ConnectFailureKind.Unreachable => ReasonCode.ConnectUnreachable,
        ConnectFailureKind.PortsExhausted => ReasonCode.PortsExhausted,
        _ => ReasonCode.ConnectFailed,
    };

    /// <returns>The reason, and whether another endpoint may do better.</returns>
    public static (ReasonCode Code, bool MayRetry) Of(DialFailure failure) => failure.Reason switch
    {
        DialReason.NoIdentity => (ReasonCode.IdentityUnavailable, false),
        DialReason.ConnectTimedOut => (ReasonCode.TunnelTimeout, true),
        DialReason.ConnectRefused => (ReasonCode.ConnectRefused, true),
        DialReason.Unreachable => (ReasonCode.ConnectUnreachable, true),
        DialReason.PortsExhausted => (ReasonCode.PortsExhausted, true),
        DialReason.HandshakeTimedOut => (ReasonCode.TlsTimeout, true),
        DialReason.HandshakeClosed => (ReasonCode.TlsFailed, true),
        DialReason.HandshakeFailed => (Of(failure.Tls), true),
        DialReason.CertificateRevoked => (ReasonCode.CertificateRevoked, true),
        DialReason.AnswerTimedOut => (ReasonCode.TunnelTimeout, true),
        DialReason.AnswerRefused => OfStatus(failure.Status),
        DialReason.TunnelBroken => (ReasonCode.TunnelBroken, true),
        DialReason.Closing => (ReasonCode.Drained, false),
        _ => (ReasonCode.ConnectFailed, true),
    };

    public static ReasonCode Of(AcceptFailure failure, TlsFailureReason? tls) => failure switch
    {
        AcceptFailure.NoIdentity => ReasonCode.IdentityUnavailable,
        AcceptFailure.HandshakeTimedOut => ReasonCode.TlsTimeout,
        AcceptFailure.Closing => ReasonCode.Drained,
        _ => Of(tls),
    };

    private static ReasonCode Of(TlsFailureReason? tls) => tls switch
    {
        TlsFailureReason.WrongIdentity => ReasonCode.TlsWrongIdentity,
        TlsFailureReason.UnknownAuthority or TlsFailureReason.WrongTrustDomain => ReasonCode.TlsUntrusted,
        TlsFailureReason.CertificateExpired or TlsFailureReason.CertificateNotYetValid => ReasonCode.TlsExpired,
        TlsFailureReason.CertificateRevoked => ReasonCode.CertificateRevoked,
        _ => ReasonCode.TlsFailed,
    };

    private static (ReasonCode, bool) OfStatus(int status) => status switch
    {
        400 => (ReasonCode.TunnelRefused400, true),
        401 => (ReasonCode.TunnelRefused401, false), // policy has spoken; other endpoints have the same one
        421 => (ReasonCode.WaypointRequired, false), // RFC 9110 §15.5.20: we are not the way to it
        503 => (ReasonCode.TunnelRefused503, true),
        _ => (ReasonCode.TunnelRefused, false),
    };
}
