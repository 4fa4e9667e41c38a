namespace Ambient.Tls;

/// <summary>Why a handshake or a session ended in error. A closed set: add at the end, never renumber.</summary>
public enum TlsFailureReason
{
    /// <summary>The peer broke TLS, or did not speak it.</summary>
    ProtocolViolation = 1,
    /// <summary>The peer offers no TLS 1.3, or no suite, group or signature algorithm of ours.</summary>
    NoCommonParameters = 2,
    /// <summary>The peer offers application protocols and h2 is not among them.</summary>
    NoApplicationProtocol = 3,
    /// <summary>The client presented no certificate.</summary>
    CertificateRequired = 4,
    /// <summary>A certificate of the peer cannot be parsed or breaks a limit.</summary>
    CertificateMalformed = 5,
    /// <summary>The peer's chain does not lead to our trust roots.</summary>
    UnknownAuthority = 6,
    CertificateExpired = 7,
    CertificateNotYetValid = 8,
    /// <summary>The chain is there, and breaks a rule: a purpose, a signature, a constraint.</summary>
    CertificateInvalid = 9,
    CertificateRevoked = 10,
    /// <summary>No SPIFFE identity of the client is of our trust domain.</summary>
    WrongTrustDomain = 11,
    /// <summary>No SPIFFE identity of the server is one of those expected.</summary>
    WrongIdentity = 12,
    /// <summary>The peer ended the connection with an alert.</summary>
    PeerAlert = 13,
    /// <summary>A record did not decrypt: it was changed on the way, or the two sides lost step.</summary>
    BadRecord = 14,
    /// <summary>The peer sends records that carry nothing, without end.</summary>
    Flood = 15,
    /// <summary>The peer uses a key beyond its safe number of records.</summary>
    KeyUsageLimit = 16,
    /// <summary>libssl failed for a reason of its own.</summary>
    Internal = 17,
}

/// <summary>Code switches on <see cref="Reason"/>, people read <see cref="Message"/>.</summary>
/// <param name="Message">One sentence or two. May quote identities and serial numbers of the peer, never secrets.</param>
/// <param name="Alert">The alert description (RFC 8446 §6) that was received, or sent by our record layer; null for others.</param>
public sealed record TlsFailure(TlsFailureReason Reason, string Message, TlsAlert? Alert = null);

/// <summary>Alert descriptions (RFC 8446 §6, RFC 7301 §3.2).</summary>
public enum TlsAlert : byte
{
    CloseNotify = 0,
    UnexpectedMessage = 10,
    BadRecordMac = 20,
    RecordOverflow = 22,
    HandshakeFailure = 40,
    BadCertificate = 42,
    UnsupportedCertificate = 43,
    CertificateRevoked = 44,
    CertificateExpired = 45,
    CertificateUnknown = 46,
    IllegalParameter = 47,
    UnknownCa = 48,
    AccessDenied = 49,
    DecodeError = 50,
    DecryptError = 51,
    ProtocolVersion = 70,
    InsufficientSecurity = 71,
    InternalError = 80,
    UserCanceled = 90,
    MissingExtension = 109,
    UnsupportedExtension = 110,
    CertificateRequired = 116,
    NoApplicationProtocol = 120,
}

internal static class TlsAlerts
{
    /// <summary>What an alert from the peer means for whoever has to repair it.</summary>
    public static string Explain(TlsAlert alert) => alert switch
    {
        TlsAlert.UnknownCa => "it does not trust the authority that issued our certificate; compare the trust roots of both sides",
        TlsAlert.CertificateExpired => "our certificate has expired for its clock; check the renewal here and the time on both nodes",
        TlsAlert.CertificateRevoked => "our certificate is on its revocation list",
        TlsAlert.CertificateRequired => "it wants a certificate and got none",
        TlsAlert.BadCertificate or TlsAlert.CertificateUnknown or TlsAlert.UnsupportedCertificate or TlsAlert.AccessDenied =>
            "it refuses our certificate; is our identity of its trust domain?",
        TlsAlert.NoApplicationProtocol => "it does not speak h2 on this port; is it an HBONE listener?",
        TlsAlert.ProtocolVersion => "it does not speak TLS 1.3",
        TlsAlert.HandshakeFailure or TlsAlert.InsufficientSecurity => "it shares no parameters with us, or refuses our identity",
        TlsAlert.BadRecordMac or TlsAlert.DecryptError => "what we sent did not decrypt there",
        _ => "see its log",
    };
}
