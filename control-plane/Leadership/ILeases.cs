using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Leadership;

/// <summary>Where leases are kept. All methods throw <see cref="ApiException"/>, with a conflict where somebody else was faster.</summary>
internal interface ILeases
{
    /// <returns>Null if there is none.</returns>
    Task<Lease?> FindAsync(ObjectName name, CancellationToken stop);

    Task<Lease> CreateAsync(Lease lease, CancellationToken stop);

    /// <summary>Refused if the lease has changed since the version that <paramref name="lease"/> carries.</summary>
    Task<Lease> ReplaceAsync(Lease lease, CancellationToken stop);
}

/// <summary>Leases of the Kubernetes API.</summary>
internal sealed class KubernetesLeases(ApiClient api) : ILeases
{
    public Task<Lease?> FindAsync(ObjectName name, CancellationToken stop) => api.FindAsync(ResourceTypes.Lease, name, stop);

    public Task<Lease> CreateAsync(Lease lease, CancellationToken stop) => api.CreateAsync(ResourceTypes.Lease, lease, stop);

    public Task<Lease> ReplaceAsync(Lease lease, CancellationToken stop) => api.ReplaceAsync(ResourceTypes.Lease, lease, stop);
}
