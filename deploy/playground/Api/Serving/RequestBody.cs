using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Schemas;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Serving;

/// <summary>Reads what clients send.</summary>
internal static class RequestBody
{
    /// <summary>Of one request, as in the API server.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    public const string ApplyType = "application/apply-patch+yaml";

    private const string ProtobufType = "application/vnd.kubernetes.protobuf";

    /// <exception cref="StatusException">RequestEntityTooLarge; BadRequest: not JSON or YAML; UnsupportedMediaType.</exception>
    public static async Task<JsonNode?> ReadAsync(HttpRequest request, CancellationToken stop)
    {
        var type = ContentType(request);
        var bytes = await ReadBytesAsync(request, stop);
        if (bytes.Length == 0) return null;
        if (type == ProtobufType) return ReadProtobuf(bytes);
        var isYaml = type.EndsWith("yaml", StringComparison.Ordinal);
        if (!isYaml && !type.EndsWith("json", StringComparison.Ordinal) && type.Length > 0)
            throw StatusException.UnsupportedMediaType(type, "application/json, application/yaml, application/vnd.kubernetes.protobuf");
        try
        {
            // Clients that apply call their JSON YAML, of which it is a part.
            var first = bytes.AsSpan().TrimStart(" \t\r\n"u8);
            return isYaml && !first.StartsWith("{"u8) && !first.StartsWith("["u8) ? ReadYaml(bytes) : Json.Parse(bytes);
        }
        catch (JsonException error)
        {
            throw StatusException.BadRequest($"error decoding the request: {error.Message}");
        }
        catch (FormatException error)
        {
            throw StatusException.BadRequest($"error decoding the request: {error.Message}");
        }
    }

    /// <exception cref="StatusException">BadRequest: not one object; and as above.</exception>
    public static async Task<JsonObject> ReadObjectAsync(HttpRequest request, CancellationToken stop) =>
        await ReadAsync(request, stop) as JsonObject ?? throw StatusException.BadRequest("the body of the request must be one JSON object");

    public static string ContentType(HttpRequest request) =>
        (request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();

    private static JsonObject ReadProtobuf(byte[] bytes)
    {
        try { return Protobuf.Read(bytes); }
        catch (FormatException error) { throw StatusException.BadRequest($"error decoding the request: {error.Message}"); }
    }

    private static JsonNode? ReadYaml(byte[] bytes)
    {
        var documents = Yaml.ParseAll(new UTF8Encoding(false, throwOnInvalidBytes: false).GetString(bytes));
        return documents.Count == 1 ? documents[0] : throw new FormatException($"the body must be one YAML document, not {documents.Count}");
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken stop)
    {
        if (request.ContentLength > MaxBytes) throw StatusException.TooLarge(MaxBytes);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await request.Body.ReadAsync(chunk, stop) is > 0 and var count)
        {
            if (buffer.Length + count > MaxBytes) throw StatusException.TooLarge(MaxBytes);
            await buffer.WriteAsync(chunk.AsMemory(0, count), stop);
        }
        return buffer.ToArray();
    }
}
