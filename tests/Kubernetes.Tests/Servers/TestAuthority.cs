using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>A certificate authority made for one test.</summary>
internal sealed class TestAuthority
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), To = new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly X509Certificate2 _root;

    public TestAuthority(string name = "test authority")
    {
        var request = new CertificateRequest($"CN={name}", ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _root = request.CreateSelfSigned(From, To);
    }

    public string Pem => _root.ExportCertificatePem();

    /// <param name="hosts">Names, or addresses.</param>
    public X509Certificate2 Issue(string subject, params string[] hosts)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256);
        if (hosts.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var host in hosts)
            {
                if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
                else names.AddDnsName(host);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        var serial = RandomNumberGenerator.GetBytes(8);
        return request.Create(_root, From, To, serial).CopyWithPrivateKey(key);
    }

    public static string KeyPem(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
}
