using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.ControlPlane.Authority;

/// <summary>A PKCS#10 request (RFC 2986) whose signature was checked. Only its public key counts: names in it are ignored.</summary>
internal static class SigningRequest
{
    /// <summary>Longest request read, in characters of PEM. One over an RSA-8192 key has 2,800.</summary>
    public const int MaxCharacters = 16 * 1024;

    private const int MinRsaBits = 2048, MaxRsaBits = 8192;
    private const string EcPublicKey = "1.2.840.10045.2.1", RsaEncryption = "1.2.840.113549.1.1.1"; // RFC 5480 §2.1, RFC 8017 A.1
    private const string P256 = "1.2.840.10045.3.1.7", P384 = "1.3.132.0.34"; // RFC 5480 §2.1.1.1

    /// <summary>The key that the sender has proved to hold.</summary>
    /// <exception cref="AuthorityException">InvalidRequest, with what is wrong and what is allowed.</exception>
    public static PublicKey Read(string pem)
    {
        if (pem.Length > MaxCharacters)
            throw Invalid($"has {pem.Length} characters; at most {MaxCharacters} are read");
        return Load(RequestIn(pem));
    }

    private static byte[] RequestIn(string pem)
    {
        if (!PemEncoding.TryFind(pem, out var block))
            throw Invalid("is not PEM; expected is one CERTIFICATE REQUEST block");
        // RFC 7468 §7: the second label is what older programs write.
        if (pem[block.Label] is not ("CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST"))
            throw Invalid("begins with a PEM block of another kind; expected is CERTIFICATE REQUEST");
        if (PemEncoding.TryFind(pem.AsSpan(block.Location.End.GetOffset(pem.Length)), out _))
            throw Invalid("has more than one PEM block; send one request at a time");
        return Convert.FromBase64String(pem[block.Base64Data]);
    }

    private static PublicKey Load(byte[] request)
    {
        try
        {
            var key = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256).PublicKey;
            RequireStrength(key);
            return key;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or AsnContentException
            or NotSupportedException or FormatException or OverflowException)
        {
            throw Invalid("is not PKCS#10, or its signature was not made with the key in it", error);
        }
    }

    private static void RequireStrength(PublicKey key)
    {
        switch (key.Oid.Value)
        {
            case EcPublicKey when CurveOf(key) is P256 or P384:
                return;
            case EcPublicKey:
                throw Invalid("has a key on a curve that is not accepted; use P-256 (or P-384)");
            case RsaEncryption when RsaBits(key) is >= MinRsaBits and <= MaxRsaBits:
                return;
            case RsaEncryption:
                throw Invalid($"has an RSA key of {RsaBits(key)} bits; accepted are {MinRsaBits} to {MaxRsaBits}, better is ECDSA P-256");
            default:
                throw Invalid("has a key of a kind that is not accepted; use ECDSA P-256 (or P-384, or RSA)");
        }
    }

    // Named curves only (RFC 5480 §2.1.1): explicit parameters could redefine the curve.
    private static string? CurveOf(PublicKey key)
    {
        try
        {
            var parameters = key.EncodedParameters?.RawData;
            var curve = AsnDecoder.ReadObjectIdentifier(parameters, AsnEncodingRules.DER, out var read);
            return read == parameters?.Length ? curve : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static int RsaBits(PublicKey key)
    {
        using var rsa = key.GetRSAPublicKey();
        return rsa?.KeySize ?? 0;
    }

    private static AuthorityException Invalid(string what, Exception? cause = null) =>
        new(AuthorityFailure.InvalidRequest, $"The certificate signing request {what}.", cause);
}
