using Ambient.Kubernetes.Resources;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Service = Ambient.Model.Workloads.Service;
using AuthorizationPolicy = Ambient.Model.Policies.AuthorizationPolicy;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>What the index has published, and what of it changed since it was last asked.</summary>
internal sealed class ChangeLog
{
    private readonly PublishedSet<ServiceKey, Service> _services = new();
    private readonly PublishedSet<string, AuthorizationPolicy> _policies = new();
    private readonly PublishedSet<string, TrafficResource> _traffic = new();
    private readonly Dictionary<(string Kind, ObjectName Name, string Manager), ConditionSet> _conditions = [];
    private readonly Dictionary<object, IReadOnlyList<Diagnostic>> _diagnostics = new(ReferenceEqualityComparer.Instance);

    private List<Workload> _changedWorkloads = [];
    private List<Diagnostic> _newDiagnostics = [];
    private List<string> _removedAddresses = [];
    private Dictionary<(string, ObjectName, string), ConditionSet> _changedConditions = [];

    public IEnumerable<ConditionSet> DesiredConditions => _conditions.Values;

    public IEnumerable<Diagnostic> Diagnostics => _diagnostics.Values.SelectMany(static found => found);

    /// <summary>Once per node and round.</summary>
    public void Replace(Workload[] before, Workload[] after)
    {
        if (before.Length + after.Length <= 2 && before.Length == after.Length && (before.Length == 0 || before[0].Uid == after[0].Uid))
        {
            if (before.Length == 1 && !before[0].Equals(after[0])) _changedWorkloads.Add(after[0]);
            return;
        }
        var known = before.ToDictionary(static workload => workload.Uid);
        foreach (var workload in after)
            if (!known.Remove(workload.Uid, out var old) || !old.Equals(workload)) _changedWorkloads.Add(workload);
        _removedAddresses.AddRange(known.Keys);
    }

    public void Set(ServiceKey key, Service? service) => _services.Set(key, service);

    /// <param name="name"><c>namespace/name</c>.</param>
    public void Set(string name, AuthorizationPolicy? policy) => _policies.Set(name, policy);

    /// <param name="name"><c>KIND/namespace/name</c>.</param>
    public void Set(string name, TrafficResource? resource) => _traffic.Set(name, resource);

    /// <param name="actual">What the object's status says now, of any type.</param>
    /// <param name="types">All types of this family.</param>
    public void Set(ConditionSet desired, IReadOnlyList<Condition>? actual, string[] types)
    {
        var ours = (actual ?? []).Where(condition => condition is not null && types.Contains(condition.Type)).ToList();
        var isSaid = ours.Count == desired.Conditions.Count && desired.Conditions.All(wanted => ours.Exists(found => IsSame(wanted, found)));
        Set(desired, isSaid);
    }

    /// <param name="isSaid">The object's status says just that now.</param>
    public void Set(ConditionSet desired, bool isSaid)
    {
        var key = (desired.Kind.Kind, desired.Object, desired.FieldManager);
        var known = _conditions.GetValueOrDefault(key);
        if (desired.IsEmpty) _conditions.Remove(key);
        else _conditions[key] = desired;
        var isNew = known is null ? !desired.IsEmpty : !known.Equals(desired);
        if (isNew || !isSaid) _changedConditions[key] = desired;
    }

    /// <summary>The object is gone or not ours any more, and its status with it.</summary>
    public void Forget(ResourceKind kind, ObjectName name, string manager)
    {
        _conditions.Remove((kind.Kind, name, manager));
        _changedConditions.Remove((kind.Kind, name, manager));
    }

    public void Report(object node, Findings? findings)
    {
        if (findings is not { Found.Count: > 0 })
        {
            _diagnostics.Remove(node);
            return;
        }
        if (!_diagnostics.TryGetValue(node, out var known) || !known.SequenceEqual(findings.Found)) _newDiagnostics.AddRange(findings.Found);
        _diagnostics[node] = findings.Found;
    }

    public IndexChanges Take()
    {
        var (services, policies, traffic) = (_services.Take(), _policies.Take(), _traffic.Take());
        _removedAddresses.AddRange(services.Removed.Select(static key => key.ToString()));
        var delta = new ResourceDelta
        {
            Workloads = _changedWorkloads,
            Services = [.. services.Set.Select(static one => one.Value)],
            Policies = [.. policies.Set.Select(static one => new NamedPolicy(one.Key, one.Value))],
            RemovedAddresses = _removedAddresses,
            RemovedPolicies = policies.Removed,
        };
        var changes = new IndexChanges(delta, [.. _changedConditions.Values])
        {
            Traffic = new([.. traffic.Set.Select(static one => one.Value).OrderBy(RankOf)], traffic.Removed),
            NewDiagnostics = _newDiagnostics,
        };
        (_changedWorkloads, _removedAddresses, _changedConditions, _newDiagnostics) = ([], [], [], []);
        return changes;
    }

    // What forbids comes first, what leads somewhere last.
    private static int RankOf(TrafficResource resource) => resource.Policy is not null || resource.Tls is not null ? 0 : resource.Route is null ? 1 : 2;

    /// <summary>They say the same, whenever it came to be so.</summary>
    public static bool IsSame(Condition wanted, Condition found) =>
        wanted.Type == found.Type && wanted.Status == found.Status && wanted.Reason == found.Reason
        && wanted.Message == found.Message && wanted.ObservedGeneration == found.ObservedGeneration;
}
