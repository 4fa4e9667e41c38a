using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Kubernetes.Configuration;

/// <summary>A client certificate with its key, shown to the API server in each new handshake. Thread-safe.</summary>
public sealed class ClientIdentity
{
    private readonly Func<SslStreamCertificateContext> _load;

    private ClientIdentity(Func<SslStreamCertificateContext> load) => _load = load;

    /// <exception cref="ConfigurationException">Certificate and key cannot be read or do not belong together.</exception>
    public static ClientIdentity FromPem(string certificatePem, string keyPem, string source)
    {
        var identity = Parse(certificatePem, keyPem, source);
        return new(() => identity);
    }

    /// <summary>Files that are read anew for each connection, so that a renewed certificate is used.</summary>
    /// <exception cref="ConfigurationException">They cannot be read or do not belong together.</exception>
    public static ClientIdentity FromFiles(string certificatePath, string keyPath)
    {
        var last = Load(certificatePath, keyPath);
        return new(() =>
        {
            try { return last = Load(certificatePath, keyPath); }
            catch (ConfigurationException) { return last; } // they are being replaced
        });
    }

    internal SslStreamCertificateContext ForHandshake() => _load();

    private static SslStreamCertificateContext Load(string certificatePath, string keyPath)
    {
        try { return Parse(File.ReadAllText(certificatePath), File.ReadAllText(keyPath), $"{certificatePath} with {keyPath}"); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The client certificate {certificatePath} or its key cannot be read: {e.Message}", e);
        }
    }

    private static SslStreamCertificateContext Parse(string certificatePem, string keyPem, string source)
    {
        try
        {
            var leaf = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificatePem);
            return SslStreamCertificateContext.Create(leaf, chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new ConfigurationException($"The client certificate of {source} cannot be used: {e.Message}", e);
        }
    }
}
