using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Model.Identities;

namespace Ambient.Certificates.Authority;

/// <summary>
/// A certificate authority for development: its keys are made at run time and kept in a directory (keys readable by their
/// owner only), so that every process of one machine that opens the same directory belongs to the same mesh.
/// </summary>
/// <remarks>
/// It signs for whoever can open the directory, so it is no substitute for the mesh's authority, which knows who asks.
/// Thread-safe.
/// </remarks>
public sealed class LocalAuthority : IDisposable
{
    private readonly SigningKey _signer;
    private readonly string[] _intermediates;
    private readonly LocalAuthorityOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _signing = new();

    private LocalAuthority(AuthorityDirectory directory, LocalAuthorityOptions options, TimeProvider time)
    {
        var (signer, intermediates, roots) = directory.Load();
        _signer = signer;
        _options = options;
        _time = time;
        // A root among the intermediates is not needed on the wire: peers have their own.
        _intermediates = [.. intermediates.Where(c => c.Subject != c.Issuer).Select(c => c.ExportCertificatePem())];
        RootsPem = string.Join('\n', roots.Select(c => c.ExportCertificatePem()));
    }

    /// <summary>What peers are to trust.</summary>
    public string RootsPem { get; }

    /// <summary>Opens the authority of a directory, or makes one there (P-256 keys) if it has none.</summary>
    /// <exception cref="CertificateException">SourceUnavailable: what is there is not an authority.</exception>
    public static async Task<LocalAuthority> OpenAsync(
        string directory, LocalAuthorityOptions options, TimeProvider time, CancellationToken stop)
    {
        var files = new AuthorityDirectory(directory);
        await using (await files.LockAsync(time, stop))
        {
            if (!files.Exists)
                Make(files, options, time.GetUtcNow());
            return new LocalAuthority(files, options, time);
        }
    }

    /// <summary>Signs a PKCS#10 request that names one SPIFFE URI.</summary>
    /// <param name="validity">Asked for; cut to <see cref="LocalAuthorityOptions.MaxLeafLifetime"/> and the authority's own end.</param>
    /// <returns>PEM: leaf, intermediates, roots, as <see cref="WorkloadCertificate.FromChain"/> takes them.</returns>
    /// <exception cref="CertificateException">Refused, with the reason; SourceUnavailable: the authority itself is not valid now.</exception>
    public IReadOnlyList<string> Sign(string requestPem, TimeSpan validity)
    {
        var (publicKey, identity) = ReadRequest(requestPem);
        var lifetime = validity < _options.MaxLeafLifetime ? validity : _options.MaxLeafLifetime;
        if (lifetime < TimeSpan.FromSeconds(1))
            throw Refused($"asks for a life of {validity}; at least 1 s is needed");

        var leaf = WorkloadLeaf.RequestFor(publicKey, identity, HashAlgorithmName.SHA256);
        lock (_signing) // one ECDsa object is not promised to sign on two threads at once
        {
            using var certificate = _signer.Sign(leaf, _time.GetUtcNow(), lifetime);
            return [certificate.ExportCertificatePem(), .. _intermediates, RootsPem];
        }
    }

    public void Dispose() => _signer.Dispose();

    private static void Make(AuthorityDirectory files, LocalAuthorityOptions options, DateTimeOffset now)
    {
        using var root = SigningKey.CreateRoot("Ambient development root", now, options.AuthorityLifetime);
        if (!options.WithIntermediate)
        {
            files.Save(root, root: null);
            return;
        }
        using var intermediate = root.CreateIntermediate("Ambient development intermediate", now, options.AuthorityLifetime);
        files.Save(intermediate, root);
    }

    private (PublicKey Key, SpiffeId Identity) ReadRequest(string requestPem)
    {
        try
        {
            // Checks the request's own signature: the asker holds the key.
            var request = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256,
                CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            var names = request.CertificateExtensions
                .Where(extension => extension.Oid?.Value == UriSubjectAlternativeName.Oid)
                .SelectMany(UriSubjectAlternativeName.Read).ToList();
            if (names.Count != 1 || !SpiffeId.TryParse(names[0], out var identity))
                throw Refused($"must name exactly one SPIFFE URI, not [{string.Join(", ", names)}]");
            if (_options.TrustDomain is { } domain && identity.TrustDomain != domain)
                throw Refused($"is for trust domain {identity.TrustDomain}; this authority signs for {domain}");
            return (request.PublicKey, identity);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw Refused("is not a valid PKCS#10 PEM request", error);
        }
    }

    private static CertificateException Refused(string what, Exception? cause = null) =>
        new(CertificateFailure.Refused, $"The certificate request {what}.", cause);
}
