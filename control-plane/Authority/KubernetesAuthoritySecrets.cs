using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Authority;

/// <summary>The Secrets as the API server keeps them: it lets one of several writers win.</summary>
internal sealed class KubernetesAuthoritySecrets(ApiClient api, string @namespace) : IAuthoritySecrets
{
    public Task<Secret?> FindAsync(string name, CancellationToken stop) =>
        api.FindAsync(ResourceTypes.Secret, new(@namespace, name), stop);

    public async Task<bool> TryCreateAsync(Secret secret, CancellationToken stop)
    {
        try
        {
            await api.CreateAsync(ResourceTypes.Secret, secret, stop);
            return true;
        }
        catch (ApiException error) when (error.IsConflict)
        {
            return false;
        }
    }

    public async Task<bool> TryReplaceAsync(Secret secret, CancellationToken stop)
    {
        try
        {
            await api.ReplaceAsync(ResourceTypes.Secret, secret, stop);
            return true;
        }
        catch (ApiException error) when (error.IsConflict || error.IsNotFound)
        {
            return false;
        }
    }
}
