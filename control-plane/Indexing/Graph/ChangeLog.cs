using Ambient.Kubernetes.Resources;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Service = Ambient.Model.Workloads.Service;
using AuthorizationPolicy = Ambient.Model.Policies.AuthorizationPolicy;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>What the index has published, and what of it changed since it was last asked.</summary>
internal sealed class ChangeLog
{
    private readonly Dictionary<ServiceKey, Service> _services = [];
    private readonly Dictionary<string, AuthorizationPolicy> _policies = [];
    private readonly Dictionary<(string Kind, ObjectName Name, string Manager), ConditionSet> _conditions = [];
    private readonly Dictionary<object, IReadOnlyList<Diagnostic>> _diagnostics = new(ReferenceEqualityComparer.Instance);

    private List<Workload> _changedWorkloads = [];
    private List<Diagnostic> _newDiagnostics = [];
    private List<string> _removedAddresses = [];
    private HashSet<ServiceKey> _touchedServices = [];
    private HashSet<string> _touchedPolicies = [];
    private Dictionary<(string, ObjectName, string), ConditionSet> _changedConditions = [];
    private readonly Dictionary<ServiceKey, Service?> _servicesBefore = [];
    private readonly Dictionary<string, AuthorizationPolicy?> _policiesBefore = [];

    public IEnumerable<ConditionSet> DesiredConditions => _conditions.Values;

    public IEnumerable<Diagnostic> Diagnostics => _diagnostics.Values.SelectMany(static found => found);

    public int ServiceCount => _services.Count;

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

    public void Set(ServiceKey key, Service? service)
    {
        var before = _services.GetValueOrDefault(key);
        if (Equals(before, service)) return;
        if (_touchedServices.Add(key)) _servicesBefore[key] = before;
        if (service is null) _services.Remove(key);
        else _services[key] = service;
    }

    /// <param name="name"><c>namespace/name</c>.</param>
    public void Set(string name, AuthorizationPolicy? policy)
    {
        var before = _policies.GetValueOrDefault(name);
        if (Equals(before, policy)) return;
        if (_touchedPolicies.Add(name)) _policiesBefore[name] = before;
        if (policy is null) _policies.Remove(name);
        else _policies[name] = policy;
    }

    /// <param name="actual">What the object's status says now, of any type.</param>
    /// <param name="types">All types of this family.</param>
    public void Set(ConditionSet desired, IReadOnlyList<Condition>? actual, string[] types)
    {
        var key = (desired.Kind.Kind, desired.Object, desired.FieldManager);
        var known = _conditions.GetValueOrDefault(key);
        if (desired.Conditions.Count > 0) _conditions[key] = desired;
        else _conditions.Remove(key);

        var ours = (actual ?? []).Where(condition => condition is not null && types.Contains(condition.Type)).ToList();
        var isSaid = ours.Count == desired.Conditions.Count && desired.Conditions.All(wanted => ours.Exists(found => IsSame(wanted, found)));
        var isNew = known is null ? desired.Conditions.Count > 0 : !known.Equals(desired);
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
        var services = _touchedServices.Where(key => !Equals(_servicesBefore[key], _services.GetValueOrDefault(key))).ToList();
        var policies = _touchedPolicies.Where(name => !Equals(_policiesBefore[name], _policies.GetValueOrDefault(name))).ToList();
        _removedAddresses.AddRange(services.Where(key => !_services.ContainsKey(key)).Select(static key => key.ToString()));
        var delta = new ResourceDelta
        {
            Workloads = _changedWorkloads,
            Services = [.. services.Where(_services.ContainsKey).Select(key => _services[key])],
            Policies = [.. policies.Where(_policies.ContainsKey).Select(name => new NamedPolicy(name, _policies[name]))],
            RemovedAddresses = _removedAddresses,
            RemovedPolicies = [.. policies.Where(name => !_policies.ContainsKey(name))],
        };
        var changes = new IndexChanges(delta, [.. _changedConditions.Values]) { NewDiagnostics = _newDiagnostics };
        (_changedWorkloads, _removedAddresses, _touchedServices, _touchedPolicies, _changedConditions, _newDiagnostics) = ([], [], [], [], [], []);
        _servicesBefore.Clear();
        _policiesBefore.Clear();
        return changes;
    }

    private static bool IsSame(Condition wanted, Condition found) =>
        wanted.Type == found.Type && wanted.Status == found.Status && wanted.Reason == found.Reason
        && wanted.Message == found.Message && wanted.ObservedGeneration == found.ObservedGeneration;
}
