using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Authority;

/// <summary>The Secrets of the control plane's namespace. Errors of the API come as they are.</summary>
internal interface IAuthoritySecrets
{
    /// <summary>What the API server has now, not a cache; null if it has none of that name.</summary>
    Task<Secret?> FindAsync(string name, CancellationToken stop);

    /// <returns>False if there is one of that name already: another replica was faster.</returns>
    Task<bool> TryCreateAsync(Secret secret, CancellationToken stop);

    /// <summary>Replaces exactly the version that <paramref name="secret"/> was made from.</summary>
    /// <returns>False if it was changed or deleted meanwhile.</returns>
    Task<bool> TryReplaceAsync(Secret secret, CancellationToken stop);
}
