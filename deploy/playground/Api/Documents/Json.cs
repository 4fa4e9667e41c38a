using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ambient.Playground.Api.Documents;

/// <summary>Reading, writing and walking documents. Every miss is null: what a client left out is an ordinary case.</summary>
public static class Json
{
    /// <summary>Deeper documents are refused; the API's own objects reach about fifteen levels, CRDs with nested schemas more.</summary>
    public const int MaxDepth = 128;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    // As Go's encoder does, characters outside ASCII stay readable.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 2 * MaxDepth };

    /// <exception cref="JsonException">Not JSON, a name twice in one object, too deep, or text that is no Unicode.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
    {
        var node = JsonNode.Parse(utf8, default, Strict);
        try
        {
            ReadTexts(node);
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException($"A text is not valid Unicode: {error.Message}", error);
        }
        return node;
    }

    /// <exception cref="JsonException">Not a JSON object.</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> utf8) =>
        Parse(utf8) as JsonObject ?? throw new JsonException("The document is not a JSON object.");

    public static byte[] ToUtf8(this JsonNode node)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Readable)) node.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    public static string ToText(this JsonNode node) => Encoding.UTF8.GetString(node.ToUtf8());

    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path) node = node is JsonObject map && map.TryGetPropertyValue(name, out var value) ? value : null;
        return node;
    }

    public static JsonObject? ObjectAt(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    /// <summary>The objects of a list; anything else in it, or no list, is left out.</summary>
    public static IEnumerable<JsonObject> ObjectsAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.OfType<JsonObject>() : [];

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetLong(out var number) ? number : null;

    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    /// <summary>The object under a name, made if it is missing or something else.</summary>
    public static JsonObject Child(this JsonObject parent, string name)
    {
        if (parent.TryGetPropertyValue(name, out var value) && value is JsonObject child) return child;
        var made = new JsonObject();
        parent[name] = made;
        return made;
    }

    /// <summary>Strings of a list.</summary>
    public static IEnumerable<string> TextsAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.Select(item => item.Text()).OfType<string>() : [];

    public static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    /// <summary>What a scalar looks like in a table or a selector; null for lists and objects.</summary>
    public static string? Scalar(this JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.String => node.GetValue<string>(),
        JsonValueKind.Number => node.ToJsonString(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    // Nodes decode lazily; what cannot be decoded is to be known here and not in the middle of a write.
    private static void ReadTexts(JsonNode? node)
    {
        if (node is JsonObject map) foreach (var (_, value) in map) ReadTexts(value);
        else if (node is JsonArray list) foreach (var item in list) ReadTexts(item);
        else if (node?.GetValueKind() == JsonValueKind.String) node.GetValue<string>();
    }

    private static bool TryGetLong(this JsonValue value, out long number) =>
        value.TryGetValue(out number) || (value.TryGetValue<int>(out var small) && (number = small) == small)
        || (value.TryGetValue<JsonElement>(out var element) && element.TryGetInt64(out number));
}
