using System.Collections.Concurrent;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.Tls;

namespace Ambient.Hbone;

/// <summary>Prepares each certificate of the store for handshakes once, however many connections use it.</summary>
/// <remarks>Thread-safe. Holds one prepared certificate per identity; a renewed one replaces it at its next use.</remarks>
public sealed class TlsIdentities(CertificateStore store, TlsOptions options) : ITlsIdentities
{
    private readonly ConcurrentDictionary<SpiffeId, Prepared> _prepared = new();

    public ValueTask<(TlsIdentity? Identity, string? Missing)> FindAsync(SpiffeId id) =>
        store.TryGet(id, out var certificate) ? new(Prepare(certificate)) : WaitAsync(id);

    /// <summary>Drops what is prepared for an identity that has left the node.</summary>
    public void Forget(SpiffeId id) => _prepared.TryRemove(id, out _);

    private async ValueTask<(TlsIdentity? Identity, string? Missing)> WaitAsync(SpiffeId id)
    {
        try
        {
            return Prepare(await store.GetAsync(id, FetchPriority.RealTime, CancellationToken.None));
        }
        catch (CertificateException error)
        {
            return (null, error.Message);
        }
    }

    private (TlsIdentity? Identity, string? Missing) Prepare(WorkloadCertificate certificate)
    {
        if (_prepared.TryGetValue(certificate.Identity, out var held) && ReferenceEquals(held.Certificate, certificate))
            return (held.Identity, null);
        try
        {
            var identity = TlsIdentity.FromPem(certificate.ChainPem, certificate.PrivateKeyPem, certificate.TrustRootsPem, options);
            // The one it replaces may still be in a handshake: the collector frees it.
            _prepared[certificate.Identity] = new(certificate, identity);
            return (identity, null);
        }
        catch (TlsConfigurationException error)
        {
            return (null, $"The certificate of {certificate.Identity} cannot be used: {error.Message}");
        }
    }

    private sealed record Prepared(WorkloadCertificate Certificate, TlsIdentity Identity);
}
