using Ambient.Certificates.Store;
using Ambient.Model.Identities;

namespace Ambient.Certificates;

/// <summary>Where certificates come from: the mesh's authority over the network, or a development authority on disk.</summary>
public interface ICertificateSource
{
    /// <summary>Makes a new key and has a certificate for <paramref name="identity"/> signed over it.</summary>
    /// <param name="priority">Why it is wanted: an authority under load serves who waits for a connection first.</param>
    /// <returns>A certificate that names exactly <paramref name="identity"/>; see <see cref="WorkloadCertificate.FromChain"/>.</returns>
    /// <exception cref="CertificateException">No certificate was obtained; the message says why and what to check.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired.</exception>
    /// <remarks>Called from any thread, for different identities at the same time. Retrying is the caller's business.</remarks>
    ValueTask<WorkloadCertificate> FetchAsync(SpiffeId identity, FetchPriority priority, CancellationToken stop);
}
