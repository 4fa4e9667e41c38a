using System.Security.Cryptography.X509Certificates;

namespace Ambient.Certificates;

/// <summary>What may be shown of a certificate: dumps and logs.</summary>
/// <param name="SerialNumber">Big-endian hexadecimal, upper case.</param>
public sealed record CertificateDetails(string SerialNumber, string Subject, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    internal static CertificateDetails Of(X509Certificate2 certificate) => new(
        certificate.SerialNumber,
        certificate.Subject,
        new DateTimeOffset(certificate.NotBefore.ToUniversalTime()),
        new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
}
