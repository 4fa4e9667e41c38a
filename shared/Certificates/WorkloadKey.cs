using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Model.Identities;

namespace Ambient.Certificates;

/// <summary>A fresh ECDSA P-256 key and the request to have it certified. Never printed.</summary>
/// <remarks>One key for one certificate: a renewal makes a new one.</remarks>
public sealed class WorkloadKey : IDisposable
{
    // An X.501 name without parts: DER SEQUENCE of length 0.
    private static readonly byte[] EmptyName = [0x30, 0x00];

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>
    /// A PKCS#10 request (RFC 2986), PEM: empty subject, SHA-256, and one extension: a critical subject alternative name
    /// with <paramref name="identity"/> as its only URI.
    /// </summary>
    public string RequestFor(SpiffeId identity)
    {
        var request = new CertificateRequest(new X500DistinguishedName(EmptyName), _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(UriSubjectAlternativeName.Write(identity.ToString()));
        return request.CreateSigningRequestPem();
    }

    /// <summary>The private key, PKCS#8 PEM. A secret.</summary>
    public string ExportPrivateKey() => _key.ExportPkcs8PrivateKeyPem();

    public void Dispose() => _key.Dispose();

    public override string ToString() => "WorkloadKey (P-256, not shown)";
}
