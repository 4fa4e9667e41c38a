using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Authority;

namespace Ambient.ControlPlane.Authority;

/// <summary>Makes self-signed roots: ECDSA P-256, because it signs ten times faster than RSA and every peer knows it.</summary>
internal static class RootKey
{
    /// <summary>A new root over a new key. A key is never used for two roots: replacing one ends the old key's power.</summary>
    public static KeyMaterial Create(string trustDomain, DateTimeOffset now, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // Names differ from root to root, so that a verifier with both finds the right one by name alone.
        var number = Convert.ToHexString(RandomNumberGenerator.GetBytes(4)).ToLowerInvariant();
        var request = new CertificateRequest($"O={trustDomain}, CN=root {now:yyyy-MM-dd} {number}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now - WorkloadLeaf.ClockSkew, now + lifetime);
        var pem = PemCertificates.Write(certificate);
        return new KeyMaterial(pem, key.ExportPkcs8PrivateKeyPem() + "\n", Chain: "", Roots: pem);
    }
}
