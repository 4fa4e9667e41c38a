using Ambient.Certificates.Store;
using Ambient.Model.Identities;

namespace Ambient.Certificates.Authority;

/// <summary>Certificates from a <see cref="LocalAuthority"/> in this process: a mesh without control plane.</summary>
/// <param name="validity">Life asked for; the authority may cut it.</param>
public sealed class DevelopmentAuthoritySource(LocalAuthority authority, TimeSpan validity) : ICertificateSource
{
    public ValueTask<WorkloadCertificate> FetchAsync(SpiffeId identity, FetchPriority priority, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        using var key = new WorkloadKey();
        var chain = authority.Sign(key.RequestFor(identity), validity);
        return ValueTask.FromResult(WorkloadCertificate.FromChain(identity, chain, key.ExportPrivateKey()));
    }
}
