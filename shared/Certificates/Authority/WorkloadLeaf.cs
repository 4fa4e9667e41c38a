using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Model.Identities;

namespace Ambient.Certificates.Authority;

/// <summary>What every workload certificate of the mesh has, whichever authority signs it.</summary>
public static class WorkloadLeaf
{
    /// <summary>Certificates are valid this long before they are signed: clocks of nodes differ.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);

    // An X.501 name without parts: DER SEQUENCE of length 0.
    private static readonly byte[] EmptyName = [0x30, 0x00];

    /// <summary>
    /// Empty subject; critical subject alternative name with <paramref name="identity"/> as its only URI; no authority;
    /// digital signature and key encipherment; server and client, because every workload is both.
    /// </summary>
    public static CertificateRequest RequestFor(PublicKey key, SpiffeId identity, HashAlgorithmName hash)
    {
        var request = new CertificateRequest(new X500DistinguishedName(EmptyName), key, hash);
        request.CertificateExtensions.Add(UriSubjectAlternativeName.Write(identity.ToString()));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        return request;
    }

    /// <summary>128 random bits, big-endian and unsigned (RFC 5280 §4.1.2.2 allows 20 octets): they do not repeat.</summary>
    public static byte[] NewSerialNumber() => RandomNumberGenerator.GetBytes(16);
}
