using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Api.Patching;

/// <summary>JSON patch (RFC 6902): a list of operations, all or none.</summary>
internal static class JsonPatch
{
    /// <summary>Operations of one patch, as in the API server.</summary>
    private const int MaxOperations = 10_000;

    /// <exception cref="StatusException">BadRequest: not a patch; Invalid: an operation cannot be done.</exception>
    public static JsonObject Apply(JsonObject target, JsonNode? patch)
    {
        if (patch is not JsonArray operations) throw StatusException.BadRequest("error decoding patch: a JSON patch is a list of operations");
        if (operations.Count > MaxOperations)
            throw new StatusException(413, "RequestEntityTooLarge", $"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}");
        // Held by one property, so that the whole document can be replaced too.
        var root = new JsonObject { ["root"] = target.DeepClone() };
        foreach (var operation in operations) Do(root, operation);
        return root["root"] as JsonObject ?? throw Failed("the patched document is not an object");
    }

    private static void Do(JsonObject root, JsonNode? operation)
    {
        var path = Pointer(operation.Text("path") ?? throw StatusException.BadRequest("error decoding patch: an operation has no path"));
        switch (operation.Text("op"))
        {
            case "add":
                Add(root, path, Value(operation));
                break;
            case "remove":
                Remove(root, path);
                break;
            case "replace":
                _ = Find(root, path);
                Remove(root, path);
                Add(root, path, Value(operation));
                break;
            case "copy":
                Add(root, path, Find(root, From(operation))?.DeepClone());
                break;
            case "move":
                var from = From(operation);
                if (path.Length > from.Length && path.AsSpan(0, from.Length).SequenceEqual(from)) throw Failed("a value cannot be moved into itself");
                var moved = Find(root, from)?.DeepClone();
                Remove(root, from);
                Add(root, path, moved);
                break;
            case "test":
                if (!JsonNode.DeepEquals(Find(root, path), Value(operation))) throw Failed($"testing value {operation.Text("path")} failed: test failed");
                break;
            default:
                throw StatusException.BadRequest($"error decoding patch: unknown operation \"{operation.Text("op")}\"");
        }
    }

    private static JsonNode? Value(JsonNode? operation) => operation is JsonObject map && map.TryGetPropertyValue("value", out var value)
        ? value?.DeepClone() : throw StatusException.BadRequest("error decoding patch: an operation has no value");

    private static string[] From(JsonNode? operation) =>
        Pointer(operation.Text("from") ?? throw StatusException.BadRequest("error decoding patch: an operation has no from"));

    // RFC 6901 §4: ~1 before ~0.
    private static string[] Pointer(string text)
    {
        if (text.Length == 0) return ["root"];
        if (text[0] != '/') throw StatusException.BadRequest($"error decoding patch: the path {text} does not begin with /");
        return ["root", .. text[1..].Split('/').Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static JsonNode? Find(JsonNode root, ReadOnlySpan<string> path)
    {
        JsonNode? node = root;
        foreach (var part in path)
        {
            node = node switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out var value) => value,
                JsonArray list => list[Index(part, list.Count - 1)],
                _ => throw Missing(part),
            };
        }
        return node;
    }

    private static void Add(JsonObject root, string[] path, JsonNode? value)
    {
        switch (Find(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list:
                list.Insert(path[^1] == "-" ? list.Count : Index(path[^1], list.Count), value);
                break;
            default:
                throw Missing(path[^1]);
        }
    }

    private static void Remove(JsonObject root, string[] path)
    {
        switch (Find(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                if (!map.Remove(path[^1])) throw Missing(path[^1]);
                break;
            case JsonArray list:
                list.RemoveAt(Index(path[^1], list.Count - 1));
                break;
            default:
                throw Missing(path[^1]);
        }
    }

    // RFC 6901 §4: digits without leading zeros.
    private static int Index(string part, int last)
    {
        var valid = int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && (part.Length == 1 || part[0] != '0') && index <= last;
        return valid ? index : throw Missing(part);
    }

    private static StatusException Missing(string part) => Failed($"there is no \"{part}\" at that path: missing path");

    private static StatusException Failed(string why) =>
        new(422, "Invalid", $"the server rejected our request due to an error in our request: {why}", new JsonObject());
}
