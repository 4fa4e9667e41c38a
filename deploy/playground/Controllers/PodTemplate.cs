using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Pods from templates, and what their states mean.</summary>
internal static class PodTemplate
{
    /// <param name="name">Prefix of the pod's name.</param>
    public static JsonObject Make(StoredObject owner, JsonObject template, string name, IEnumerable<KeyValuePair<string, string>>? labels = null)
    {
        var metadata = template.ObjectAt("metadata") is { } given ? (JsonObject)given.DeepClone() : [];
        metadata.Remove("name");
        metadata.Remove("creationTimestamp");
        metadata["generateName"] = $"{name}-";
        metadata["namespace"] = owner.Namespace;
        foreach (var (key, value) in labels ?? []) metadata.Child("labels")[key] = value;
        metadata["ownerReferences"] = new JsonArray(Owner(owner));
        return new() { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = metadata, ["spec"] = template["spec"]?.DeepClone() };
    }

    public static JsonObject Owner(StoredObject owner) => new()
    {
        ["apiVersion"] = owner.Kind.ApiVersion, ["kind"] = owner.Kind.Kind, ["name"] = owner.Name, ["uid"] = owner.Uid, ["controller"] = true, ["blockOwnerDeletion"] = true,
    };

    /// <summary>The uid of the object that manages this one; null if none does.</summary>
    public static string? ControllerOf(JsonObject document) =>
        document.ObjectsAt("metadata", "ownerReferences").FirstOrDefault(owner => owner.Flag("controller")).Text("uid");

    /// <summary>Short, and the same for the same template.</summary>
    public static string Hash(JsonNode template)
    {
        // FNV-1a over the text with sorted names, in letters that never make a word.
        var hash = 2166136261u;
        foreach (var letter in Sorted(template)!.ToText()) hash = (hash ^ letter) * 16777619;
        const string letters = "bcdfghjklmnpqrstvwxz2456789";
        return new string([.. hash.ToString(CultureInfo.InvariantCulture).Select(digit => letters[digit - '0'])]);
    }

    public static bool IsActive(JsonObject pod) =>
        pod.At("metadata", "deletionTimestamp") is null && pod.Text("status", "phase") is not ("Succeeded" or "Failed");

    public static bool IsReady(JsonObject pod) => ReadyCondition(pod).Text("status") == "True";

    /// <returns>Zero once the pod has been ready long enough; the rest of the time otherwise; null while it is not ready.</returns>
    public static TimeSpan? UntilAvailable(JsonObject pod, long minReadySeconds, DateTimeOffset now)
    {
        if (ReadyCondition(pod) is not { } ready || ready.Text("status") != "True") return null;
        if (minReadySeconds <= 0 || Timestamps.Read(ready.Text("lastTransitionTime")) is not { } since) return TimeSpan.Zero;
        var rest = since + TimeSpan.FromSeconds(minReadySeconds) - now;
        return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }

    private static JsonObject? ReadyCondition(JsonObject pod) =>
        pod.ObjectsAt("status", "conditions").FirstOrDefault(condition => condition.Text("type") == "Ready");

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
