using System.Text.Json.Nodes;

namespace Ambient.Playground.Api.Patching;

/// <summary>JSON merge patch (RFC 7396).</summary>
internal static class MergePatch
{
    /// <param name="target">Changed and returned if it is an object; null for none.</param>
    /// <param name="patch">Left as it is.</param>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        var result = target as JsonObject ?? [];
        foreach (var (name, value) in changes)
        {
            if (value is null)
            {
                result.Remove(name);
                continue;
            }
            var old = result[name];
            var merged = Apply(old, value);
            if (!ReferenceEquals(merged, old)) result[name] = merged;
        }
        return result;
    }
}
