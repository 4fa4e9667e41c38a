using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Certificates;
using Ambient.Certificates.Authority;
using Ambient.Model.Identities;
using Ambient.Lab.Mesh;

namespace Ambient.EndToEnd.Tests.Peers;

/// <summary>Certificates of the lab's own authority, for peers that are not ztunnels.</summary>
internal static class TestIdentities
{
    /// <param name="spiffe">Any SPIFFE URI: the lab's authority signs for every trust domain when asked to here.</param>
    public static Task<X509Certificate2> IssueAsync(MeshLab mesh, string spiffe) => IssueAsync(mesh.AuthorityDirectory, spiffe);

    /// <summary>From the authority in a directory, which is made if there is none.</summary>
    public static async Task<X509Certificate2> IssueAsync(string directory, string spiffe)
    {
        using var authority = await LocalAuthority.OpenAsync(directory,
            new LocalAuthorityOptions { TrustDomain = null }, TimeProvider.System, CancellationToken.None);
        using var key = new WorkloadKey();
        var chain = authority.Sign(key.RequestFor(SpiffeId.Parse(spiffe)), TimeSpan.FromHours(1));
        using var privateKey = ECDsa.Create();
        privateKey.ImportFromPem(key.ExportPrivateKey());
        using var certificate = X509Certificate2.CreateFromPem(chain[0]).CopyWithPrivateKey(privateKey);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>The SPIFFE URI in a certificate: it is the only name there and ends the extension.</summary>
    public static string UriOf(X509Certificate2 certificate)
    {
        var names = Encoding.Latin1.GetString(certificate.Extensions.Single(extension => extension.Oid?.Value == "2.5.29.17").RawData);
        return names[names.IndexOf("spiffe://", StringComparison.Ordinal)..];
    }
}
