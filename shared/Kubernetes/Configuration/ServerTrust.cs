using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Kubernetes.Configuration;

/// <summary>Which certificates the API server may show. Thread-safe.</summary>
public sealed class ServerTrust
{
    // id-kp-serverAuth, RFC 5280 §4.2.1.12
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    private readonly Func<X509Certificate2Collection>? _roots;
    private readonly bool _anything;

    private ServerTrust(Func<X509Certificate2Collection>? roots, bool anything) => (_roots, _anything) = (roots, anything);

    /// <summary>What the machine trusts.</summary>
    public static readonly ServerTrust System = new(null, anything: false);

    /// <summary>Anything: the connection is encrypted, but to whom is not known. For experiments.</summary>
    public static readonly ServerTrust Anything = new(null, anything: true);

    /// <param name="source">Named in errors.</param>
    /// <exception cref="ConfigurationException">There is no certificate in it.</exception>
    public static ServerTrust FromPem(string pem, string source)
    {
        var roots = Parse(pem, source);
        return new(() => roots, anything: false);
    }

    /// <summary>Certificates in a file that is read anew for each connection, so that a rotated authority is followed.</summary>
    /// <exception cref="ConfigurationException">There is no such file, or no certificate in it.</exception>
    public static ServerTrust FromFile(string path)
    {
        var last = Load(path);
        return new(() =>
        {
            try { return last = Load(path); }
            catch (ConfigurationException) { return last; } // it is being replaced
        }, anything: false);
    }

    /// <param name="errors">What the platform found, judging by its own store: only the name counts where we have roots.</param>
    internal bool Accepts(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (_anything) return true;
        if (_roots is null) return errors == SslPolicyErrors.None;
        const SslPolicyErrors fatal = SslPolicyErrors.RemoteCertificateNotAvailable | SslPolicyErrors.RemoteCertificateNameMismatch;
        if ((errors & fatal) != 0 || certificate is not X509Certificate2 leaf) return false;
        // One at a time: while an authority is rotated, two of one name are trusted, and a chain is built with the first that fits by name.
        foreach (var root in _roots())
            if (IsIssuedBelow(root, leaf, presented)) return true;
        return false;
    }

    private static bool IsIssuedBelow(X509Certificate2 root, X509Certificate2 leaf, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // clusters have no revocation service
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        if (presented is not null)
            foreach (var element in presented.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(leaf);
    }

    private static X509Certificate2Collection Load(string path)
    {
        try { return Parse(File.ReadAllText(path), path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The certificate authority's file {path} cannot be read: {e.Message}", e);
        }
    }

    private static X509Certificate2Collection Parse(string pem, string source)
    {
        var roots = new X509Certificate2Collection();
        try { roots.ImportFromPem(pem); }
        catch (CryptographicException e) { throw new ConfigurationException($"{source} holds a certificate that cannot be read: {e.Message}", e); }
        return roots.Count > 0 ? roots : throw new ConfigurationException($"{source} holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----).");
    }
}
