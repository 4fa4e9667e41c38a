using Ambient.Model.Identities;
using Ambient.Tls.OpenSsl;
using Ambient.Tls.Verification;

namespace Ambient.Tls;

/// <summary>Our certificate chain, its key and the roots we trust, prepared once for any number of handshakes.</summary>
/// <remarks>Immutable and thread-safe. Handshakes under way keep what they need after <see cref="Dispose"/>; new ones fail.</remarks>
public sealed class TlsIdentity : IDisposable
{
    private const int MaxChain = 8;

    private TlsIdentity(CertificateFields leaf, TrustBundle trust, TlsOptions options)
    {
        (Trust, Options, NotBefore, NotAfter) = (trust, options, leaf.NotBefore, leaf.NotAfter);
        foreach (var uri in leaf.Uris)
        {
            if (!SpiffeId.TryParse(uri, out var id)) continue;
            Id = id;
            break;
        }
    }

    /// <summary>The first URI SAN of our certificate that is a SPIFFE identity; null if there is none.</summary>
    public SpiffeId? Id { get; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    internal TlsOptions Options { get; }

    internal TrustBundle Trust { get; }

    internal SslContext ClientContext { get; private init; } = null!;

    internal SslContext ServerContext { get; private init; } = null!;

    /// <param name="certificateChainPem">Leaf first, then intermediates; a root at the end is not sent.</param>
    /// <param name="privateKeyPem">The leaf's key: PKCS#8, SEC1 or PKCS#1, not encrypted.</param>
    /// <param name="trustRootsPem">Who may have issued a peer's chain; several roots are all trusted.</param>
    /// <exception cref="TlsConfigurationException">One of them, or an option, cannot be used; the message says which and why.</exception>
    public static TlsIdentity FromPem(string certificateChainPem, string privateKeyPem, string trustRootsPem, TlsOptions options)
    {
        options.Validate();
        var chain = Certificate.ReadPem(certificateChainPem, "certificate chain", MaxChain);
        nint key = 0;
        SslContext? client = null;
        try
        {
            key = PrivateKey.FromPem(privateKeyPem, chain[0]);
            var leaf = CertificateFields.TryParse(Certificate.ToDer(chain[0]))
                ?? throw new TlsConfigurationException("The first certificate of the chain is not strict DER. Issue it again.");
            var trust = TrustBundle.For(trustRootsPem, options.RememberedPeers);
            var sent = WithoutRoot(chain);
            client = SslContext.Create(isServer: false, sent, key, trust, options);
            return new(leaf, trust, options) { ClientContext = client, ServerContext = SslContext.Create(isServer: true, sent, key, trust, options) };
        }
        catch
        {
            client?.Dispose();
            throw;
        }
        finally
        {
            PrivateKey.Free(key);
            Certificate.FreeAll(chain);
        }
    }

    public void Dispose()
    {
        ClientContext.Dispose();
        ServerContext.Dispose();
    }

    public override string ToString() => Id?.ToString() ?? "identity without SPIFFE id";

    // The peer has its own roots and believes no other, so ours would only cost bytes (RFC 8446 §4.4.2).
    private static List<nint> WithoutRoot(List<nint> chain) =>
        [chain[0], .. chain.Skip(1).Where(certificate => !Certificate.IsSelfIssued(certificate))];
}
