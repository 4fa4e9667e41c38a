using System.Runtime.CompilerServices;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.Tls;

namespace Ambient.Hbone;

/// <summary>Prepares each certificate of the store for handshakes once, however many connections use it.</summary>
/// <remarks>Thread-safe. What is prepared lives as long as the store, or a handshake, keeps its certificate.</remarks>
public sealed class TlsIdentities(CertificateStore store, TlsOptions options) : ITlsIdentities
{
    private readonly ConditionalWeakTable<WorkloadCertificate, TlsIdentity> _prepared = [];

    public ValueTask<(TlsIdentity? Identity, string? Missing)> FindAsync(SpiffeId id) =>
        store.TryGet(id, out var certificate) ? new(Prepare(certificate)) : WaitAsync(id);

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
        try
        {
            return (_prepared.GetValue(certificate, FromCertificate), null);
        }
        catch (TlsConfigurationException error)
        {
            return (null, $"The certificate of {certificate.Identity} cannot be used: {error.Message}");
        }
    }

    private TlsIdentity FromCertificate(WorkloadCertificate certificate) =>
        TlsIdentity.FromPem(certificate.ChainPem, certificate.PrivateKeyPem, certificate.TrustRootsPem, options);
}
