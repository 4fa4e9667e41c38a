using Ambient.Model.Policies;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>A policy under the name it was sent with, which is what workloads refer to: <c>namespace/name</c>.</summary>
public sealed record NamedPolicy(string ResourceName, AuthorizationPolicy Policy);

/// <summary>Changes that belong together: updates first, in order, then removals.</summary>
public sealed class ResourceDelta
{
    /// <summary>New or replaced, by uid.</summary>
    public IReadOnlyList<Workload> Workloads { get; init; } = [];

    /// <summary>New or replaced, by namespace and host name.</summary>
    public IReadOnlyList<Service> Services { get; init; } = [];

    /// <summary>New or replaced, by resource name.</summary>
    public IReadOnlyList<NamedPolicy> Policies { get; init; } = [];

    /// <summary>Uids of workloads and <c>namespace/hostname</c> of services; unknown names are reported, not an error.</summary>
    public IReadOnlyList<string> RemovedAddresses { get; init; } = [];

    public IReadOnlyList<string> RemovedPolicies { get; init; } = [];

    public bool IsEmpty => Workloads.Count + Services.Count + Policies.Count + RemovedAddresses.Count + RemovedPolicies.Count == 0;
}
