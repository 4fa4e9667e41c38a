using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>The objects whose status is written.</summary>
internal interface IStatusTarget
{
    /// <returns>The conditions that the object shows, as last heard; null if there is no such object.</returns>
    IReadOnlyList<Condition>? Shown(ResourceKind kind, ObjectName name);

    /// <exception cref="ApiException">It was not written.</exception>
    Task ApplyAsync(ConditionSet wanted, ReadOnlyMemory<byte> json, CancellationToken stop);

    /// <returns>Of a route or a policy that has entries, as last heard; null for other kinds, or if there is no such object.</returns>
    StatusEntries? FindEntries(ResourceKind kind, ObjectName name);

    /// <param name="patch">See <see cref="ParentStatuses"/>.</param>
    /// <exception cref="ApiException">It was not written; a conflict if the object has changed since.</exception>
    Task PatchAsync(ConditionSet wanted, ReadOnlyMemory<byte> patch, CancellationToken stop);
}
