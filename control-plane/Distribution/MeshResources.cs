using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Xds;
using Ambient.Xds.Server;

namespace Ambient.ControlPlane.Distribution;

/// <summary>What the mesh consists of, as it is sent: one encoded copy of each resource, shared by all sessions.</summary>
/// <remarks>One writer; sessions read on any thread.</remarks>
internal sealed class MeshResources
{
    private readonly ResourceEncoder _encoder = new();
    private readonly ResourceTable _addresses = new(), _policies = new(), _traffic = new();
    private readonly ChangeTimes _addressTimes, _policyTimes, _trafficTimes;
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MeshResources(TimeProvider time)
    {
        (_addressTimes, _policyTimes, _trafficTimes) = (new(time), new(time), new(time));
        Views =
        [
            new(ResourceTypes.Authorization, _policies),
            new(ResourceTypes.Traffic, _traffic),
            new(ResourceTypes.Address, _addresses),
            new(ResourceTypes.Workload, _addresses) { Kind = ResourceEncoder.WorkloadKind, Unwrap = ResourceEncoder.WorkloadOf },
        ];
    }

    /// <summary>
    /// In the order in which changes are sent: a policy comes before the workloads that name it. The other way round, a proxy that fails
    /// closed would refuse their connections in between. What is said about requests comes before the services they are for: a waypoint
    /// that knows the service alone would let pass what is forbidden.
    /// </summary>
    public IReadOnlyList<ResourceView> Views { get; }

    /// <summary>All workloads and services now, in no order.</summary>
    public IReadOnlyList<PublishedResource> Addresses => _addresses.Snapshot().Resources;

    /// <summary>All policies now, in no order.</summary>
    public IReadOnlyList<PublishedResource> Policies => _policies.Snapshot().Resources;

    /// <summary>All that is said about requests now, in no order.</summary>
    public IReadOnlyList<PublishedResource> Traffic => _traffic.Snapshot().Resources;

    public int AddressCount => _addresses.Count;

    public int PolicyCount => _policies.Count;

    public int TrafficCount => _traffic.Count;

    /// <summary>Completes with <see cref="MarkComplete"/>.</summary>
    public Task Complete => _complete.Task;

    /// <summary>Raised after each change, on the writer's thread.</summary>
    public event Action? Changed;

    /// <summary>Costs time for what is in <paramref name="delta"/> and <paramref name="traffic"/>, not for what is known. Equal content is no change.</summary>
    public void Apply(ResourceDelta delta, TrafficDelta? traffic = null)
    {
        PublishedResource[] addresses = [.. delta.Services.Select(_encoder.Encode), .. delta.Workloads.Select(_encoder.Encode)];
        PublishedResource[] policies = [.. delta.Policies.Select(_encoder.Encode)];
        // In the order of the views, for a session that looks in between.
        var changed = Apply(_policies, _policyTimes, policies, delta.RemovedPolicies);
        changed |= Apply(_traffic, _trafficTimes, [.. (traffic?.Set ?? []).Select(_encoder.Encode)], traffic?.Removed ?? []);
        changed |= Apply(_addresses, _addressTimes, addresses, delta.RemovedAddresses);
        if (changed) Changed?.Invoke();
    }

    /// <summary>All that the cluster has is known now. Before, no client may be answered: it would drop what is merely not known yet.</summary>
    public void MarkComplete() => _complete.TrySetResult();

    /// <summary>All resources of that uid, <c>namespace/hostname</c> or <c>network/ip</c>; with a service, its workloads.</summary>
    public IReadOnlyList<PublishedResource> Lookup(string key)
    {
        var found = _addresses.Lookup(key);
        return [.. found.Concat(found.Where(static resource => resource.Kind == ResourceEncoder.ServiceKind)
            .SelectMany(service => _addresses.Lookup(service.Name))).Distinct()];
    }

    /// <summary>How long ago the first change after that sequence number was made; null if that is forgotten.</summary>
    internal TimeSpan? AgeOfChangesAfter(string typeUrl, long sequence) =>
        (typeUrl switch
        {
            ResourceTypes.Authorization => _policyTimes,
            ResourceTypes.Traffic => _trafficTimes,
            _ => _addressTimes,
        }).AgeAfter(sequence);

    private static bool Apply(ResourceTable table, ChangeTimes times, PublishedResource[] set, IReadOnlyList<string> removed)
    {
        if (!table.Apply(set, removed)) return false;
        times.Add(table.Sequence);
        return true;
    }
}
