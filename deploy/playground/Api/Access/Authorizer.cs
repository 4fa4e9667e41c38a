using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Access;

/// <summary>Who may do what: everybody everything, or what roles and their bindings give.</summary>
/// <remarks>Roles are read from the store each time, so a change holds for the next request. Thread-safe.</remarks>
internal sealed class Authorizer(ObjectStore store, bool enforcesRoles, Action<Caller, Permission>? allowed = null)
{
    private const string Group = "rbac.authorization.k8s.io";

    // What everybody who is known may do on any cluster.
    private static readonly string[] OpenPaths = ["/api", "/apis", "/healthz", "/livez", "/readyz", "/openapi", "/version"];

    /// <returns>Whether it is allowed, and why.</returns>
    public (bool Allowed, string Reason) Decide(Caller caller, Permission wanted)
    {
        if (caller.IsAdministrator) return (true, "");
        if (!enforcesRoles) return (true, "the playground lets every authenticated caller do everything");
        if (wanted.Path.Length > 0 && wanted.Verb == "get" && OpenPaths.Any(open => wanted.Path == open || wanted.Path.StartsWith(open + "/", StringComparison.Ordinal)))
            return (true, "system:discovery");
        if (wanted.Resource is "selfsubjectaccessreviews" or "selfsubjectrulesreviews" or "selfsubjectreviews" && wanted.Verb == "create") return (true, "system:basic-user");
        foreach (var (binding, rules) in Granted(caller, wanted.Namespace))
            if (rules.Any(rule => Allows(rule, wanted))) return (true, $"RBAC: allowed by {binding}");
        return (false, "");
    }

    /// <summary>The rules that hold for a caller in a namespace.</summary>
    public IEnumerable<JsonObject> Rules(Caller caller, string ns) => Granted(caller, ns).SelectMany(granted => granted.Rules);

    /// <exception cref="StatusException">Forbidden.</exception>
    public void Require(Caller caller, Permission wanted)
    {
        if (Decide(caller, wanted).Allowed)
        {
            allowed?.Invoke(caller, wanted);
            return;
        }
        var details = new JsonObject { ["kind"] = wanted.Resource };
        if (wanted.Name.Length > 0) details["name"] = wanted.Name;
        if (wanted.Group.Length > 0) details["group"] = wanted.Group;
        throw StatusException.Forbidden(wanted.Refusal(caller), details);
    }

    private IEnumerable<(string Binding, List<JsonObject> Rules)> Granted(Caller caller, string ns)
    {
        foreach (var binding in store.List(store.Kinds.Get(Group, "ClusterRoleBinding")).Items)
            if (Read(binding, caller, "") is { } rules) yield return ($"ClusterRoleBinding \"{binding.Name}\"", rules);
        if (ns.Length == 0) yield break;
        foreach (var binding in store.List(store.Kinds.Get(Group, "RoleBinding"), ns).Items)
            if (Read(binding, caller, ns) is { } rules) yield return ($"RoleBinding \"{binding.Name}/{ns}\"", rules);
    }

    private List<JsonObject>? Read(StoredObject binding, Caller caller, string ns)
    {
        var document = binding.Copy();
        if (!document.ObjectsAt("subjects").Any(subject => IsMeant(subject, caller, ns))) return null;
        var name = document.Text("roleRef", "name") ?? "";
        var role = document.Text("roleRef", "kind") == "Role"
            ? store.Find(store.Kinds.Get(Group, "Role"), ns, name) : store.Find(store.Kinds.Get(Group, "ClusterRole"), "", name);
        return role is null ? null : RulesOf(role);
    }

    private List<JsonObject> RulesOf(StoredObject role)
    {
        var document = role.Copy();
        var rules = document.ObjectsAt("rules").ToList();
        foreach (var selector in document.ObjectsAt("aggregationRule", "clusterRoleSelectors"))
        {
            var labels = Selection.LabelSelector.Read(selector);
            foreach (var other in store.List(role.Kind).Items.Where(other => labels.Matches(other.Labels))) rules.AddRange(other.Copy().ObjectsAt("rules"));
        }
        return rules;
    }

    private static bool IsMeant(JsonObject subject, Caller caller, string ns) => subject.Text("kind") switch
    {
        "User" => subject.Text("name") == caller.Name,
        "Group" => caller.Groups.Contains(subject.Text("name") ?? ""),
        "ServiceAccount" => caller.Name == $"system:serviceaccount:{subject.Text("namespace") ?? ns}:{subject.Text("name")}",
        _ => false,
    };

    private static bool Allows(JsonObject rule, Permission wanted)
    {
        if (!Has(rule, "verbs", wanted.Verb)) return false;
        if (wanted.Path.Length > 0) return rule.TextsAt("nonResourceURLs").Any(url => url == wanted.Path || (url.EndsWith('*') && wanted.Path.StartsWith(url[..^1], StringComparison.Ordinal)));
        var names = rule.TextsAt("resourceNames").ToList();
        return Has(rule, "apiGroups", wanted.Group)
            && rule.TextsAt("resources").Any(resource => resource == "*" || resource == wanted.FullResource || (wanted.Subresource.Length > 0 && resource == $"*/{wanted.Subresource}"))
            && (names.Count == 0 || names.Contains(wanted.Name));
    }

    private static bool Has(JsonObject rule, string field, string value) => rule.TextsAt(field).Any(one => one == "*" || one == value);
}
