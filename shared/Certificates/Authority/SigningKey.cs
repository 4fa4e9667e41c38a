using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Certificates.Authority;

/// <summary>A certificate that may sign others, with its P-256 key.</summary>
internal sealed class SigningKey(X509Certificate2 certificate, ECDsa key) : IDisposable
{
    public X509Certificate2 Certificate { get; } = certificate;

    public ECDsa Key { get; } = key;

    public static SigningKey CreateRoot(string name, DateTimeOffset now, TimeSpan lifetime)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = AuthorityRequest(name, key).CreateSelfSigned(now - WorkloadLeaf.ClockSkew, now + lifetime);
        return new SigningKey(X509CertificateLoader.LoadCertificate(certificate.RawData), key);
    }

    public SigningKey CreateIntermediate(string name, DateTimeOffset now, TimeSpan lifetime)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new SigningKey(Sign(AuthorityRequest(name, key), now, lifetime), key);
    }

    /// <summary>Signs; the result ends with this certificate at the latest.</summary>
    /// <exception cref="CertificateException">SourceUnavailable: this certificate is not valid now.</exception>
    public X509Certificate2 Sign(CertificateRequest request, DateTimeOffset now, TimeSpan lifetime)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var from = Later(now - WorkloadLeaf.ClockSkew, Certificate.NotBefore.ToUniversalTime());
        var until = Earlier(now + lifetime, Certificate.NotAfter.ToUniversalTime());
        if (from >= until)
            throw new CertificateException(CertificateFailure.SourceUnavailable, $"The authority itself is valid from {Certificate.NotBefore.ToUniversalTime():u} to " +
                $"{Certificate.NotAfter.ToUniversalTime():u}, and it is {now:u} here. Is the clock right? An empty directory gets a new authority.");
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(Key), from, until, WorkloadLeaf.NewSerialNumber());
    }

    public void Dispose()
    {
        Certificate.Dispose();
        Key.Dispose();
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key)
    {
        var request = new CertificateRequest($"O={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
