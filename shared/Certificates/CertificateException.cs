namespace Ambient.Certificates;

/// <summary>Why there is no certificate. A closed set: logs and metrics carry it.</summary>
public enum CertificateFailure
{
    /// <summary>The authority was not reached, or answered with an error.</summary>
    SourceUnavailable,

    /// <summary>No answer within the time allowed.</summary>
    TimedOut,

    /// <summary>The authority refused: the caller may not have this identity, or the request was malformed.</summary>
    Refused,

    /// <summary>The answer was not a usable chain: empty, without root, cut off, not PEM, key and leaf differ, already expired.</summary>
    InvalidChain,

    /// <summary>The leaf names somebody else than was asked for.</summary>
    WrongIdentity,

    /// <summary>The identity was forgotten while somebody waited for its certificate.</summary>
    Forgotten,

    /// <summary>The store holds as many identities as it may.</summary>
    TooManyIdentities,

    /// <summary>The store was closed.</summary>
    Closed,
}

/// <summary>No certificate: code switches on <see cref="Failure"/>, people read the message.</summary>
public sealed class CertificateException(CertificateFailure failure, string message, Exception? cause = null)
    : IOException(message, cause)
{
    public CertificateFailure Failure { get; } = failure;
}
