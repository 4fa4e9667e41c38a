using Ambient.Model.Identities;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>One delta on its way into the next snapshot.</summary>
internal sealed class MeshUpdate(MeshSnapshot before, string? localNode, WorkloadSharing sharing)
{
    private readonly WorkloadTable.Builder _workloads = before.WorkloadTable.ToBuilder(localNode);
    private readonly ServiceTable.Builder _services = before.ServiceTable.ToBuilder();
    private readonly PolicyTable.Builder _policies = before.PolicyTable.ToBuilder();
    private readonly HashSet<string> _reattached = [];
    private readonly List<string> _unknown = [];
    private readonly List<Service> _reboundServices = [];
    private readonly List<Workload> _reboundWorkloads = [];
    private bool _changed;

    public MeshChange Apply(ResourceDelta delta)
    {
        foreach (var service in delta.Services) Set(service);
        foreach (var workload in delta.Workloads) Set(workload);
        foreach (var policy in delta.Policies) _policies.Set(policy.ResourceName, policy.Policy);
        foreach (var name in delta.RemovedAddresses) RemoveAddress(name);
        foreach (var name in delta.RemovedPolicies)
            if (!_policies.Remove(name)) _unknown.Add(name);
        return Finish();
    }

    private void Set(Service service)
    {
        var known = _services.Find(service.Key);
        if (!service.Equals(known)) Replace(known, WorkloadSharing.Share(service, _services));
    }

    private void Set(Workload workload)
    {
        var known = _workloads.Find(workload.Uid);
        if (workload.Equals(known)) return;
        workload.ShareWith(sharing, _services);
        Replace(known, workload);
    }

    private void RemoveAddress(string name)
    {
        if (_workloads.Find(name) is { } workload) Replace(workload, null);
        else if (ServiceKey.TryParse(name, out var key) && _services.Find(key) is { } service) Replace(service, null);
        else _unknown.Add(name);
    }

    private void Replace(Service? known, Service? next)
    {
        _changed = true;
        if (known is not null && next is not null && (known.Waypoint != next.Waypoint || known.WeightedWaypoints != next.WeightedWaypoints)) _reboundServices.Add(known);
        _services.Replace(known, next);
    }

    private void Replace(Workload? known, Workload? next)
    {
        _changed = true;
        if (known?.Waypoint is not null && next is not null && known.Waypoint != next.Waypoint) _reboundWorkloads.Add(known);
        if (IsReattached(known, next)) _reattached.Add((next ?? known)!.Uid);
        _workloads.Replace(known, next);
        _services.Replace(known, next);
    }

    private bool IsReattached(Workload? known, Workload? next)
    {
        var wasLocal = known is not null && _workloads.IsLocal(known);
        var isLocal = next is not null && _workloads.IsLocal(next);
        if (wasLocal != isLocal) return true;
        return isLocal && (known!.AuthorizationPolicies != next!.AuthorizationPolicies || known.Namespace != next.Namespace);
    }

    private MeshChange Finish()
    {
        var policiesChanged = _policies.Changed;
        var changed = _changed || policiesChanged;
        var snapshot = !changed ? before : new MeshSnapshot(_workloads.ToTable(), _services.ToTable(), _policies.ToTable())
        {
            Version = before.Version + 1,
            PolicyVersion = before.PolicyVersion + (policiesChanged || _reattached.Count > 0 ? 1 : 0),
        };
        return new()
        {
            Snapshot = snapshot,
            PoliciesChanged = policiesChanged,
            ReattachedWorkloads = _reattached,
            ReboundServices = _reboundServices,
            ReboundWorkloads = _reboundWorkloads,
            NewLocalIdentities = Identities(static (had, has) => !had && has),
            GoneLocalIdentities = Identities(static (had, has) => had && !has),
            UnknownRemovals = _unknown,
        };
    }

    private SpiffeId[] Identities(Func<bool, bool, bool> wanted) =>
    [
        .. _workloads.TouchedIdentities.Where(id =>
            wanted(before.WorkloadTable.LocalIdentities.Find(id) > 0, _workloads.LocalUsers(id) > 0)),
    ];
}
