using Ambient.Tls.OpenSsl;

namespace Ambient.Tls.Handshake;

/// <summary>Turns libssl's reasons into ours.</summary>
internal static class HandshakeFailures
{
    // SSL_R_* of <openssl/sslerr.h>
    private const int NoSuitableKeyShare = 101, NoSuitableSignatureAlgorithm = 118, CertificateVerifyFailed = 134,
        HttpProxyRequest = 155, HttpRequest = 156, NoSharedCipher = 193, PeerDidNotReturnACertificate = 199,
        NoApplicationProtocol = 235, UnsupportedProtocol = 258, WrongVersionNumber = 267, NoSuitableGroups = 295,
        NoSharedSignatureAlgorithms = 376, VersionTooLow = 396, NoSharedGroups = 410;

    /// <param name="refusal">What our own verification said, if it was asked and refused.</param>
    public static TlsFailure Explain(OpenSslError error, TlsFailure? refusal, bool isServer)
    {
        if (refusal is not null) return refusal;
        var peer = isServer ? "client" : "server";
        if (error.PeerAlert is { } number)
        {
            var alert = (TlsAlert)number;
            return new(TlsFailureReason.PeerAlert, $"The {peer} ended the handshake with alert {number} ({alert}): {TlsAlerts.Explain(alert)}.", alert);
        }
        return error is not { IsSsl: true, Reason: var reason } ? Violation(error, peer) : reason switch
        {
            PeerDidNotReturnACertificate => new(TlsFailureReason.CertificateRequired, $"The {peer} presented no certificate; in the mesh both sides must."),
            NoApplicationProtocol => new(TlsFailureReason.NoApplicationProtocol, $"The {peer} offers application protocols without h2."),
            UnsupportedProtocol or WrongVersionNumber or VersionTooLow => new(TlsFailureReason.NoCommonParameters,
                $"The {peer} does not speak TLS 1.3, or not TLS at all ({error.Text})."),
            NoSharedCipher or NoSuitableKeyShare or NoSuitableSignatureAlgorithm or NoSuitableGroups or NoSharedGroups
                or NoSharedSignatureAlgorithms => new(TlsFailureReason.NoCommonParameters, $"The {peer} shares no parameters with us: {error.Text}."),
            HttpRequest or HttpProxyRequest => new(TlsFailureReason.ProtocolViolation, $"The {peer} speaks plain HTTP to a TLS port."),
            CertificateVerifyFailed => new(TlsFailureReason.CertificateInvalid, $"The certificate of the {peer} could not be checked: {error.Text}."),
            _ => Violation(error, peer),
        };
    }

    private static TlsFailure Violation(OpenSslError error, string peer) => error.Library == 0
        ? new(TlsFailureReason.Internal, $"The handshake with the {peer} failed: {error.Text}.")
        : new(TlsFailureReason.ProtocolViolation, $"The {peer} broke the handshake: {error.Text}.");
}
