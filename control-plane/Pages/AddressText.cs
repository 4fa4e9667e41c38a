using System.Net;
using System.Text.Json.Nodes;

namespace Ambient.ControlPlane.Pages;

/// <summary>Makes IP addresses of a message's JSON readable: on the wire they are bytes, which JSON of protocol buffers shows as base64.</summary>
internal static class AddressText
{
    public static JsonNode Readable(string json)
    {
        var node = JsonNode.Parse(json)!;
        Rewrite(node);
        return node;
    }

    private static void Rewrite(JsonNode node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
                if (item is not null) Rewrite(item);
        }
        else if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields.ToList()) RewriteField(fields, name, value);
        }
    }

    // A workload's addresses are bytes themselves, a service's are objects with an address.
    private static void RewriteField(JsonObject fields, string name, JsonNode? value)
    {
        if (name == "address" && Ip(value) is { } one) fields[name] = one;
        else if (name == "addresses" && value is JsonArray { Count: > 0 } many && many.All(item => Ip(item) is not null))
            fields[name] = new JsonArray([.. many.Select(item => (JsonNode)JsonValue.Create(Ip(item)!))]);
        else if (value is not null) Rewrite(value);
    }

    private static string? Ip(JsonNode? value)
    {
        Span<byte> bytes = stackalloc byte[16];
        return value is JsonValue text && text.TryGetValue<string>(out var base64) && Convert.TryFromBase64String(base64, bytes, out var length) && length is 4 or 16
            ? new IPAddress(bytes[..length]).ToString()
            : null;
    }
}
