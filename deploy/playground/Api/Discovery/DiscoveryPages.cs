using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Serving;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Discovery;

/// <summary>What the API says about itself: version, groups and kinds, schemas.</summary>
internal sealed class DiscoveryPages(KindCatalog kinds)
{
    private readonly OpenApiPages _openApi = new(kinds);

    /// <exception cref="StatusException">NotFound.</exception>
    public Task ServeAsync(HttpContext context, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is ["api"] or ["apis"] && WantsAll(context) is { } media)
            return Responses.WriteAsync(context, new GroupDiscovery(kinds).Aggregated(core: parts[0] == "api", media.Version).ToUtf8(), type: media.Type);
        if (parts is ["openapi", ..]) return _openApi.ServeAsync(context, parts);
        JsonNode? page = parts switch
        {
            ["version"] => Version(),
            ["api"] => new JsonObject
            {
                ["kind"] = "APIVersions", ["versions"] = Json.Strings(["v1"]),
                ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = context.Request.Host.ToString() }),
            },
            ["apis"] => new GroupDiscovery(kinds).Groups(),
            ["api", var version] => new GroupDiscovery(kinds).Resources("", version),
            ["apis", var group] => new GroupDiscovery(kinds).Group(group),
            ["apis", var group, var version] => new GroupDiscovery(kinds).Resources(group, version),
            [] => new JsonObject { ["paths"] = Json.Strings(["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]) },
            _ => null,
        };
        return Responses.WriteAsync(context, page ?? throw StatusException.NoSuchPath());
    }

    // One document instead of one for each group; clients that do not know it ask for plain JSON.
    private static (string Version, string Type)? WantsAll(HttpContext context)
    {
        foreach (var part in context.Request.Headers.Accept.ToString().Split(','))
        {
            var words = part.Split(';', StringSplitOptions.TrimEntries);
            if (words[0] != "application/json") continue;
            if (!words.Contains("as=APIGroupDiscoveryList")) return null;
            var version = words.Contains("v=v2") ? "v2" : words.Contains("v=v2beta1") ? "v2beta1" : null;
            if (version is not null) return (version, $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        }
        return null;
    }

    // The version whose documents we serve; clients compare it with their own and warn when they are far apart.
    private static JsonObject Version() => new()
    {
        ["major"] = "1", ["minor"] = "32", ["gitVersion"] = "v1.32.0-playground", ["gitCommit"] = "", ["gitTreeState"] = "clean", ["buildDate"] = "2025-01-01T00:00:00Z",
        ["goVersion"] = "", ["compiler"] = "", ["platform"] = "linux/amd64",
    };
}
