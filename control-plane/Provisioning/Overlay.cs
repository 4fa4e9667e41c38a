using System.Text.Json.Nodes;
using Ambient.Kubernetes.Configuration;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>
/// Lays a document over another as Kubernetes' strategic merge does: maps are merged, null removes, lists whose elements have a key are merged by it, other
/// lists are replaced. Not supported are the <c>$patch</c>, <c>$setElementOrder</c> and <c>$deleteFromPrimitiveList</c> directives: they are refused.
/// </summary>
internal static class Overlay
{
    private static readonly Dictionary<string, string[]> Keys = new()
    {
        ["containers"] = ["name"], ["initContainers"] = ["name"], ["volumes"] = ["name"], ["env"] = ["name"], ["imagePullSecrets"] = ["name"],
        ["ports"] = ["containerPort", "port"], ["volumeMounts"] = ["mountPath"], ["hostAliases"] = ["ip"], ["topologySpreadConstraints"] = ["topologyKey"],
        ["ownerReferences"] = ["uid"],
    };

    /// <exception cref="ConfigurationException">The overlay uses a directive, or puts something else where there is a map or a list.</exception>
    public static void Apply(JsonObject document, JsonObject overlay)
    {
        foreach (var (name, value) in overlay)
        {
            if (name.StartsWith('$')) throw new ConfigurationException($"the directive {name} is not supported; write the fields as they should be, and null for those to remove");
            if (value is null) document.Remove(name);
            else if (value is JsonObject fields && document[name] is JsonObject present) Apply(present, fields);
            else if (value is JsonArray items && document[name] is JsonArray list && KeyOf(name, items) is { } key) Merge(list, items, key);
            else if (document[name] is JsonObject && value is not JsonObject || document[name] is JsonArray && value is not JsonArray)
                throw new ConfigurationException($"{name} is a {(document[name] is JsonObject ? "map" : "list")}, and cannot become something else");
            else document[name] = value is JsonObject fresh ? WithoutNulls(fresh) : value.DeepClone();
        }
    }

    /// <summary>True if everything that <paramref name="wanted"/> says is so in <paramref name="found"/>, which may say more.</summary>
    public static bool Holds(JsonNode? wanted, JsonNode? found, string field = "") => wanted switch
    {
        null => found is null,
        _ when found is null => IsEmpty(wanted),
        JsonObject map => found is JsonObject other && map.All(one => Holds(one.Value, other[one.Key], one.Key)),
        JsonArray list when found is JsonArray others && KeyOf(field, list) is { } key =>
            list.All(item => others.Any(other => IsSame(item, other, key) && Holds(item, other))),
        JsonArray list => found is JsonArray others && list.Count == others.Count && list.Zip(others).All(static pair => Holds(pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(wanted, found),
    };

    // The API leaves out what is empty.
    private static bool IsEmpty(JsonNode value) => value is JsonObject { Count: 0 } or JsonArray { Count: 0 } || value is JsonValue && value.GetValueKind() == System.Text.Json.JsonValueKind.String && value.GetValue<string>().Length == 0;

    private static void Merge(JsonArray list, JsonArray items, string key)
    {
        foreach (var item in items.Cast<JsonObject>())
        {
            var present = list.OfType<JsonObject>().FirstOrDefault(one => IsSame(one, item, key));
            if (present is null) list.Add((JsonNode)WithoutNulls(item));
            else Apply(present, item);
        }
    }

    // Laid over nothing, it loses what would only remove something.
    private static JsonObject WithoutNulls(JsonObject fields)
    {
        var document = new JsonObject();
        Apply(document, fields);
        return document;
    }

    // Null for a list that is taken as a whole.
    private static string? KeyOf(string field, JsonArray items) =>
        Keys.GetValueOrDefault(field)?.FirstOrDefault(key => items.All(item => item is JsonObject fields && fields[key] is JsonValue));

    private static bool IsSame(JsonNode? left, JsonNode? right, string key) => JsonNode.DeepEquals((left as JsonObject)?[key], (right as JsonObject)?[key]);
}
