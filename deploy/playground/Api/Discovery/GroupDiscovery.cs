using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Discovery;

/// <summary>Which groups, versions and kinds are served, in both forms that clients know.</summary>
internal sealed class GroupDiscovery(KindCatalog kinds)
{
    public JsonObject Groups() => new()
    {
        ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. Names().Where(group => group.Length > 0).Select(group => (JsonNode)Describe(group))]),
    };

    public JsonObject? Group(string group)
    {
        if (!Names().Contains(group) || group.Length == 0) return null;
        var description = Describe(group);
        description["kind"] = "APIGroup";
        description["apiVersion"] = "v1";
        return description;
    }

    public JsonObject? Resources(string group, string version)
    {
        var served = Of(group).Where(kind => kind.FindVersion(version) is not null).ToList();
        if (served.Count == 0) return null;
        return new()
        {
            ["kind"] = "APIResourceList", ["apiVersion"] = "v1", ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = new JsonArray([.. served.SelectMany(Resource)]),
        };
    }

    /// <summary>Everything in one document.</summary>
    public JsonObject Aggregated(bool core, string apiVersion) => new()
    {
        ["kind"] = "APIGroupDiscoveryList", ["apiVersion"] = $"apidiscovery.k8s.io/{apiVersion}", ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. Names().Where(group => group.Length == 0 == core).Select(group => (JsonNode)new JsonObject
        {
            ["metadata"] = core ? new JsonObject() : new JsonObject { ["name"] = group },
            ["versions"] = new JsonArray([.. Versions(group).Select(version => (JsonNode)new JsonObject
            {
                ["version"] = version, ["freshness"] = "Current",
                ["resources"] = new JsonArray([.. Of(group).Where(kind => kind.FindVersion(version) is not null).Select(kind => (JsonNode)Discovered(kind, version))]),
            })]),
        })]),
    };

    private IEnumerable<ResourceKind> Of(string group) => kinds.All.Where(kind => kind.Group == group).OrderBy(kind => kind.Plural, StringComparer.Ordinal);

    // The core group, then the API's own, then custom ones, as a cluster orders them: the first match of a short name wins.
    private List<string> Names() => [.. kinds.All.GroupBy(kind => kind.Group).OrderBy(group => group.All(kind => kind.IsCustom)).Select(group => group.Key)];

    // v1 before v1beta1 before v1alpha3; higher numbers first.
    private List<string> Versions(string group) => [.. Of(group).SelectMany(kind => kind.Versions).Select(version => version.Name).Distinct()
        .OrderBy(version => version.Contains("alpha", StringComparison.Ordinal) ? 2 : version.Contains("beta", StringComparison.Ordinal) ? 1 : 0).ThenByDescending(version => version, StringComparer.Ordinal)];

    private JsonObject Describe(string group)
    {
        var versions = Versions(group).Select(version => new JsonObject { ["groupVersion"] = $"{group}/{version}", ["version"] = version }).ToList();
        return new() { ["name"] = group, ["versions"] = new JsonArray([.. versions]), ["preferredVersion"] = versions[0].DeepClone() };
    }

    private static IEnumerable<JsonNode> Resource(ResourceKind kind)
    {
        var main = new JsonObject
        {
            ["name"] = kind.Plural, ["singularName"] = kind.Singular, ["namespaced"] = kind.Namespaced, ["kind"] = kind.Kind, ["verbs"] = Json.Strings(kind.Verbs),
        };
        if (kind.ShortNames.Count > 0) main["shortNames"] = Json.Strings(kind.ShortNames);
        if (kind.Categories.Count > 0) main["categories"] = Json.Strings(kind.Categories);
        yield return main;
        foreach (var sub in Subresource.Of(kind))
        {
            var entry = new JsonObject { ["name"] = $"{kind.Plural}/{sub.Name}", ["singularName"] = "", ["namespaced"] = kind.Namespaced };
            if (sub.Group is not null)
            {
                entry["group"] = sub.Group;
                entry["version"] = sub.Version;
            }
            entry["kind"] = sub.Kind;
            entry["verbs"] = Json.Strings(sub.Verbs);
            yield return entry;
        }
    }

    private static JsonObject Discovered(ResourceKind kind, string version)
    {
        var entry = new JsonObject
        {
            ["resource"] = kind.Plural, ["responseKind"] = new JsonObject { ["group"] = kind.Group, ["version"] = version, ["kind"] = kind.Kind },
            ["scope"] = kind.Namespaced ? "Namespaced" : "Cluster", ["singularResource"] = kind.Singular, ["verbs"] = Json.Strings(kind.Verbs),
        };
        if (kind.ShortNames.Count > 0) entry["shortNames"] = Json.Strings(kind.ShortNames);
        if (kind.Categories.Count > 0) entry["categories"] = Json.Strings(kind.Categories);
        var subresources = Subresource.Of(kind).Select(sub => (JsonNode)new JsonObject
        {
            ["subresource"] = sub.Name, ["verbs"] = Json.Strings(sub.Verbs),
            ["responseKind"] = new JsonObject { ["group"] = sub.Group ?? kind.Group, ["version"] = sub.Version ?? version, ["kind"] = sub.Kind },
        }).ToArray();
        if (subresources.Length > 0) entry["subresources"] = new JsonArray(subresources);
        return entry;
    }

    private sealed record Subresource(string Name, string Kind, string? Group, string? Version, string[] Verbs)
    {
        public static IEnumerable<Subresource> Of(ResourceKind kind)
        {
            string[] changing = ["get", "patch", "update"];
            if (kind.HasStatus) yield return new("status", kind.Kind, null, null, changing);
            if (kind.Scale is not null) yield return new("scale", "Scale", "autoscaling", "v1", changing);
            if (kind is { Group: "", Kind: "ServiceAccount" }) yield return new("token", "TokenRequest", "authentication.k8s.io", "v1", ["create"]);
            if (kind is not { Group: "", Kind: "Pod" }) yield break;
            yield return new("binding", "Binding", "", "v1", ["create"]);
            yield return new("eviction", "Eviction", "policy", "v1", ["create"]);
            yield return new("log", "Pod", "", "v1", ["get"]);
        }
    }
}
