using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Playground.Api.Access;

/// <summary>The API's own certificate authority and server certificate, made at start and kept in memory only.</summary>
internal sealed class ServerAuthority : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365), ClockSkew = TimeSpan.FromHours(1);

    private ServerAuthority(X509Certificate2 server, string rootPem) => (Server, RootPem) = (server, rootPem);

    public X509Certificate2 Server { get; }

    /// <summary>What clients are to trust.</summary>
    public string RootPem { get; }

    public static ServerAuthority Make(IEnumerable<string> names, DateTimeOffset now)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=kubernetes", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        rootRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        rootRequest.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(rootRequest.PublicKey, critical: false));
        using var root = rootRequest.CreateSelfSigned(now - ClockSkew, now + Lifetime);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, true, false));
        request.CertificateExtensions.Add(Names(names));
        using var signed = request.Create(root, now - ClockSkew, now + Lifetime - ClockSkew, RandomNumberGenerator.GetBytes(12));
        using var withKey = signed.CopyWithPrivateKey(key);
        // The TLS stack wants a key that was loaded, not one that was made beside it.
        var server = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
        return new(server, root.ExportCertificatePem());
    }

    public void Dispose() => Server.Dispose();

    private static X509Extension Names(IEnumerable<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Distinct())
        {
            if (IPAddress.TryParse(name, out var address)) builder.AddIpAddress(address);
            else builder.AddDnsName(name);
        }
        return builder.Build();
    }
}
