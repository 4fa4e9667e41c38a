namespace Ambient.ControlPlane.Authority;

/// <summary>Why the authority did not do what it was asked. A closed set: callers see a status made of it.</summary>
internal enum AuthorityFailure
{
    /// <summary>What was handed in cannot be signed: not a request, a weak key, a life out of range.</summary>
    InvalidRequest,

    /// <summary>There is nothing to sign with now; it heals when the Secret or the API server does.</summary>
    Unavailable,

    /// <summary>Certificates and key of an authority do not fit together.</summary>
    InvalidMaterial,
}

/// <summary>Code switches on <see cref="Failure"/>, people read the message. Never holds key material.</summary>
internal sealed class AuthorityException(AuthorityFailure failure, string message, Exception? cause = null)
    : Exception(message, cause)
{
    public AuthorityFailure Failure { get; } = failure;
}
