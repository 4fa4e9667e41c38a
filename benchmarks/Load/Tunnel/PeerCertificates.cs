using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Load.Tunnel;

/// <summary>One authority and a certificate for each side (ECDSA P-256, as ours), made for one run.</summary>
internal static class PeerCertificates
{
    public static void Write(string directory)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=benchmark authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        using var authority = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(7));

        File.WriteAllText(Path.Combine(directory, "ca.pem"), authority.ExportCertificatePem() + "\n");
        WriteLeaf(directory, "client", authority);
        WriteLeaf(directory, "server", authority);
    }

    private static void WriteLeaf(string directory, string name, X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}.lab", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName($"{name}.lab");
        names.AddIpAddress(System.Net.IPAddress.Parse("10.1.2.1")); // nghttpx compares with the address it dials
        names.AddUri(new Uri($"spiffe://cluster.local/ns/load/sa/{name}"));
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddDays(6), [1, (byte)name.Length]);
        File.WriteAllText(Path.Combine(directory, $"{name}.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportECPrivateKeyPem() + "\n");
    }
}
