using Ambient.Model.Identities;
using Ambient.Tls;

namespace Ambient.Hbone;

/// <summary>Certificates of the pods we speak for, ready for handshakes.</summary>
public interface ITlsIdentities
{
    /// <summary>The current certificate of <paramref name="id"/>, or the reason in words why there is none. Any thread.</summary>
    /// <remarks>Completes at once while a valid certificate is held; otherwise waits, bounded, for the fetch under way.</remarks>
    ValueTask<(TlsIdentity? Identity, string? Missing)> FindAsync(SpiffeId id);
}
