using System.Text;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Api.Patching;

/// <summary>Finds, removes and prints what a path of a <see cref="FieldSet"/> names.</summary>
internal static class FieldPath
{
    public static JsonNode? Find(JsonNode? node, IReadOnlyList<string> path)
    {
        foreach (var element in path) node = Step(node, element);
        return node;
    }

    public static void Remove(JsonObject root, IReadOnlyList<string> path)
    {
        JsonNode? node = root;
        for (var i = 0; i < path.Count - 1; i++) node = Step(node, path[i]);
        var last = path[^1];
        if (node is JsonObject map && last.StartsWith("f:", StringComparison.Ordinal)) map.Remove(last[2..]);
        else if (node is JsonArray list && IndexOf(list, last) is >= 0 and var index) list.RemoveAt(index);
    }

    /// <summary>As kubectl prints it: <c>.spec.ports[port=80,protocol="TCP"].name</c>.</summary>
    public static string Print(IReadOnlyList<string> path)
    {
        var text = new StringBuilder();
        foreach (var element in path)
        {
            switch (element[0])
            {
                case 'f':
                    text.Append('.').Append(element.AsSpan(2));
                    break;
                case 'k':
                    var key = (JsonObject)JsonNode.Parse(element[2..])!;
                    text.Append('[').AppendJoin(',', key.Select(part => $"{part.Key}={part.Value!.ToText()}")).Append(']');
                    break;
                default:
                    text.Append("[=").Append(element.AsSpan(2)).Append(']');
                    break;
            }
        }
        return text.ToString();
    }

    /// <summary>The element whose fields are those of <c>k:{…}</c>, where a missing field counts as any default.</summary>
    public static int IndexOf(JsonArray list, string element)
    {
        var wanted = JsonNode.Parse(element[2..]);
        for (var i = 0; i < list.Count; i++)
        {
            var found = element[0] == 'v'
                ? JsonNode.DeepEquals(list[i], wanted)
                : wanted is JsonObject key && list[i] is JsonObject item
                    && key.All(part => !item.TryGetPropertyValue(part.Key, out var value) || JsonNode.DeepEquals(value, part.Value))
                    && key.Any(part => item.ContainsKey(part.Key));
            if (found) return i;
        }
        return -1;
    }

    private static JsonNode? Step(JsonNode? node, string element) => node switch
    {
        JsonObject map when element[0] == 'f' => map[element[2..]],
        JsonArray list when element[0] != 'f' && IndexOf(list, element) is >= 0 and var index => list[index],
        _ => null,
    };
}
