using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates;

namespace Ambient.ControlPlane.Callers;

/// <summary>Callers by the client certificate that TLS has verified against the mesh's roots.</summary>
internal sealed class CertificateCallers(Func<string, bool> isOurTrustDomain, TimeProvider time)
{
    /// <summary>Who it names: its one URI must be an identity of this mesh. Null if it is nobody's, or has ended since the handshake.</summary>
    public Caller? Find(X509Certificate2 certificate)
    {
        // The connection may be older than the certificate's rest of life.
        if (certificate.NotAfter.ToUniversalTime() <= time.GetUtcNow())
            return null;
        try
        {
            return certificate.Extensions.Where(extension => extension.Oid?.Value == UriSubjectAlternativeName.Oid)
                    .SelectMany(UriSubjectAlternativeName.Read).ToList() is [var only] &&
                IdentityNames.TryParse(only, out var identity) && isOurTrustDomain(identity.TrustDomain)
                ? new Caller(identity.Namespace, identity.ServiceAccount, PodName: null, PodUid: null)
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
