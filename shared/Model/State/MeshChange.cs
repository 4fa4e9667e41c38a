using Ambient.Model.Identities;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>What one <see cref="ResourceDelta"/> changed.</summary>
public sealed class MeshChange
{
    /// <summary>The mesh after the change.</summary>
    public required MeshSnapshot Snapshot { get; init; }

    /// <summary>A policy was added, changed or removed: any open connection may have to be judged anew.</summary>
    public bool PoliciesChanged { get; init; }

    /// <summary>
    /// Uids of local workloads to which other policies apply now (its list of policies or its namespace changed, it is new,
    /// or it is gone): open connections to them are to be judged anew.
    /// </summary>
    public required IReadOnlyCollection<string> ReattachedWorkloads { get; init; }

    /// <summary>Services that use another waypoint now, or none, as they were before. Without those that are gone.</summary>
    public required IReadOnlyCollection<Service> ReboundServices { get; init; }

    /// <summary>The same of workloads that ask for a waypoint themselves.</summary>
    public required IReadOnlyCollection<Workload> ReboundWorkloads { get; init; }

    /// <summary>Identities that local workloads have taken on: their certificates will be needed.</summary>
    public required IReadOnlyCollection<SpiffeId> NewLocalIdentities { get; init; }

    /// <summary>Identities that no local workload has any more: their certificates can be dropped.</summary>
    public required IReadOnlyCollection<SpiffeId> GoneLocalIdentities { get; init; }

    /// <summary>Names to be removed that were not there.</summary>
    public required IReadOnlyCollection<string> UnknownRemovals { get; init; }
}
