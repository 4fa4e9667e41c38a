using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Serving;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Discovery;

/// <summary>Serves the schemas of all kinds; each document is made once for each set of kinds.</summary>
internal sealed class OpenApiPages(KindCatalog kinds)
{
    // A content type has no @, so the answer's differs from the question's.
    private const string BinaryType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private readonly ConcurrentDictionary<(string Path, long Generation), byte[]?> _pages = new();

    /// <exception cref="StatusException">NotFound.</exception>
    public Task ServeAsync(HttpContext context, string[] parts)
    {
        var generation = kinds.Generation;
        var binary = context.Request.Headers.Accept.ToString().Contains("protobuf", StringComparison.Ordinal);
        var path = string.Join('/', parts) + (binary && parts is ["openapi", "v2"] ? "?binary" : "");
        foreach (var old in _pages.Keys.Where(key => key.Generation != generation)) _pages.TryRemove(old, out _);
        var page = _pages.GetOrAdd((path, generation), _ => Make(parts, binary));
        return Responses.WriteAsync(context, page ?? throw StatusException.NoSuchPath(), type: path.EndsWith("?binary", StringComparison.Ordinal) ? BinaryType : Responses.JsonType);
    }

    private byte[]? Make(string[] parts, bool binary)
    {
        switch (parts)
        {
            case ["openapi", "v2"]:
                var document = OpenApiDocument.Version2(kinds.All);
                return binary ? OpenApiBinary.Write(document) : document.ToUtf8();
            case ["openapi", "v3"]:
                return Index().ToUtf8();
            case ["openapi", "v3", "api", var version]:
                return Document("", version);
            case ["openapi", "v3", "apis", var group, var version]:
                return Document(group, version);
            default:
                return null;
        }
    }

    private JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var (group, version) in kinds.All.SelectMany(kind => kind.Versions.Select(version => (kind.Group, version.Name))).Distinct())
        {
            var path = group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={kinds.Generation}" };
        }
        return new() { ["paths"] = paths };
    }

    private byte[]? Document(string group, string version)
    {
        var served = kinds.All.Where(kind => kind.Group == group).Select(kind => (Kind: kind, Version: kind.FindVersion(version)))
            .Where(one => one.Version is not null).Select(one => (one.Kind, one.Version!)).ToList();
        return served.Count == 0 ? null : OpenApiDocument.Version3(served).ToUtf8();
    }
}
