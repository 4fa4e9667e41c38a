using System.Runtime.InteropServices;

namespace Ambient.Tls.OpenSsl;

/// <summary>X509_V_ERR_* of &lt;openssl/x509_vfy.h&gt; that we tell apart or set.</summary>
internal static class X509Errors
{
    public const int UnableToGetIssuer = 2, SignatureFailure = 7, NotYetValid = 9, Expired = 10, SelfSignedLeaf = 18, SelfSignedInChain = 19,
        UnableToGetIssuerLocally = 20, UnableToVerifyLeaf = 21, ChainTooLong = 22, Revoked = 23, InvalidPurpose = 26,
        ApplicationVerification = 50, HostnameMismatch = 62;

    public static unsafe string Describe(int error) =>
        Marshal.PtrToStringUTF8((nint)LibCrypto.X509_verify_cert_error_string(error)) ?? $"error {error}";
}
