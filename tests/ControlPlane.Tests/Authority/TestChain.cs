using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>A certificate with its key, made for one test.</summary>
internal sealed class TestCertificate(X509Certificate2 certificate, AsymmetricAlgorithm key)
{
    public X509Certificate2 Certificate { get; } = certificate;

    public string Pem => Certificate.ExportCertificatePem() + "\n";

    public string KeyPem => key is ECDsa ec ? ec.ExportECPrivateKeyPem() : key.ExportPkcs8PrivateKeyPem();

    public static TestCertificate Root(string name, DateTimeOffset from, TimeSpan life, AsymmetricAlgorithm? key = null, int? pathLength = null)
    {
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(Request(name, key, true, pathLength).CreateSelfSigned(from, from + life), key);
    }

    public TestCertificate Intermediate(string name, DateTimeOffset from, TimeSpan life, bool isAuthority = true, int? pathLength = null,
        AsymmetricAlgorithm? ownKey = null)
    {
        ownKey ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, ownKey, isAuthority, pathLength);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        var generator = key is ECDsa ec ? X509SignatureGenerator.CreateForECDsa(ec)
            : X509SignatureGenerator.CreateForRSA((RSA)key, RSASignaturePadding.Pkcs1);
        return new(request.Create(Certificate.SubjectName, generator, from, from + life, RandomNumberGenerator.GetBytes(8)), ownKey);
    }

    /// <summary>What would stand in a Secret if this one signed.</summary>
    public KeyMaterial Material(TestCertificate root, params TestCertificate[] between) =>
        new(Pem, KeyPem, string.Concat(between.Select(one => one.Pem)), root.Pem);

    /// <summary>A revocation list in PEM, signed by this one.</summary>
    public string Revoke(params X509Certificate2[] revoked)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var one in revoked) list.AddEntry(one, Certificate.NotBefore);
        using var bare = X509CertificateLoader.LoadCertificate(Certificate.RawData); // a root's own has its key already
        using var signer = bare.CopyWithPrivateKey((ECDsa)key);
        return PemEncoding.WriteString("X509 CRL", list.Build(signer, 1, Certificate.NotAfter, HashAlgorithmName.SHA256, thisUpdate: Certificate.NotBefore)) + "\n";
    }

    private static CertificateRequest Request(string name, AsymmetricAlgorithm key, bool isAuthority, int? pathLength)
    {
        var subject = new X500DistinguishedName($"CN={name}");
        var request = key is ECDsa ec ? new CertificateRequest(subject, ec, HashAlgorithmName.SHA256)
            : new CertificateRequest(subject, (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, pathLength is not null, pathLength ?? 0, true));
        if (isAuthority)
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }
}
