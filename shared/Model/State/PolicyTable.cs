using Ambient.Model.Policies;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>All policies, by name and by what they apply to. Immutable.</summary>
internal sealed class PolicyTable
{
    private readonly HashTrie<string, AuthorizationPolicy[]> _byScope; // namespace, or Everywhere; oldest first

    private const string Everywhere = "";

    public static readonly PolicyTable Empty =
        new(HashTrie<string, AuthorizationPolicy>.Empty, HashTrie<string, AuthorizationPolicy[]>.Empty);

    private PolicyTable(HashTrie<string, AuthorizationPolicy> byName, HashTrie<string, AuthorizationPolicy[]> byScope)
    {
        ByName = byName;
        _byScope = byScope;
    }

    public HashTrie<string, AuthorizationPolicy> ByName { get; }

    /// <summary>Global policies, those of the workload's namespace, and those it names; each once.</summary>
    public PolicySet For(Workload workload)
    {
        var found = new List<AuthorizationPolicy>(_byScope.Find(Everywhere) ?? []);
        if (workload.Namespace != Everywhere) found.AddRange(_byScope.Find(workload.Namespace) ?? []);
        List<string>? missing = workload.Fault is null ? null : [workload.Uid];
        foreach (var name in workload.AuthorizationPolicies)
        {
            if (ByName.Find(name) is not { } policy) (missing ??= []).Add(name);
            else if (!found.Exists(other => ReferenceEquals(other, policy))) found.Add(policy);
        }
        return found.Count == 0 && missing is null
            ? PolicySet.Empty
            : new(found.ToEquatableArray(), missing?.ToEquatableArray() ?? default);
    }

    public Builder ToBuilder() => new(this);

    public sealed class Builder(PolicyTable table)
    {
        private readonly HashTrie<string, AuthorizationPolicy>.Builder _byName = table.ByName.ToBuilder();
        private readonly HashTrie<string, AuthorizationPolicy[]>.Builder _byScope = table._byScope.ToBuilder();

        public bool Changed { get; private set; }

        public PolicyTable ToTable() => Changed ? new(_byName.ToTrie(), _byScope.ToTrie()) : table;

        public void Set(string resourceName, AuthorizationPolicy policy)
        {
            var before = _byName.Find(resourceName);
            if (policy.Equals(before)) return;
            Changed = true;
            // Two resources of equal content stay apart: the index tells them apart by reference.
            var own = policy with { };
            _byScope.Move(ScopesOf(before), before, ScopesOf(own), own);
            _byName.Set(resourceName, own);
        }

        /// <returns>False if there is none of that name.</returns>
        public bool Remove(string resourceName)
        {
            if (_byName.Find(resourceName) is not { } before) return false;
            Changed = true;
            _byScope.Move(ScopesOf(before), before, [], null);
            _byName.Remove(resourceName);
            return true;
        }

        private static string[] ScopesOf(AuthorizationPolicy? policy) => policy?.Scope switch
        {
            PolicyScope.Global => [Everywhere],
            PolicyScope.Namespace => [policy.Namespace],
            _ => [],
        };
    }
}
