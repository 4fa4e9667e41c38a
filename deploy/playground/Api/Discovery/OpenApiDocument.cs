using System.Text.Json.Nodes;
using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Discovery;

/// <summary>OpenAPI documents: version 3 for one group and version, version 2 for all kinds together.</summary>
internal static class OpenApiDocument
{
    private static readonly string[] PatchTypes = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

    public static JsonObject Version3(IReadOnlyList<(ResourceKind Kind, KindVersion Version)> served)
    {
        var schemas = new OpenApiSchemas("#/components/schemas/");
        var paths = new JsonObject();
        foreach (var (kind, version) in served)
        {
            schemas.Add(kind, version);
            AddPaths(paths, kind, version);
        }
        return new()
        {
            ["openapi"] = "3.0.0", ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.32.0" },
            ["paths"] = paths, ["components"] = new JsonObject { ["schemas"] = schemas.Components },
        };
    }

    public static JsonObject Version2(IEnumerable<ResourceKind> kinds)
    {
        var (schemas, paths) = (new OpenApiSchemas("#/definitions/"), new JsonObject());
        foreach (var kind in kinds)
            foreach (var version in kind.Versions)
            {
                schemas.Add(kind, version);
                AddPaths(paths, kind, version);
            }
        return new()
        {
            ["swagger"] = "2.0", ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.32.0" }, ["paths"] = paths, ["definitions"] = schemas.Components,
        };
    }

    private static void AddPaths(JsonObject paths, ResourceKind kind, KindVersion version)
    {
        var root = kind.Group.Length == 0 ? $"/api/{version.Name}" : $"/apis/{kind.Group}/{version.Name}";
        var collection = kind.Namespaced ? $"{root}/namespaces/{{namespace}}/{kind.Plural}" : $"{root}/{kind.Plural}";
        if (kind.IsQuestion)
        {
            paths[collection] = new JsonObject { ["post"] = Operation(kind, version, "post") };
            return;
        }
        if (kind.Namespaced) paths[$"{root}/{kind.Plural}"] = new JsonObject { ["get"] = Operation(kind, version, "list") };
        paths[collection] = new JsonObject { ["get"] = Operation(kind, version, "list"), ["post"] = Operation(kind, version, "post") };
        paths[$"{collection}/{{name}}"] = new JsonObject
        {
            ["get"] = Operation(kind, version, "get"), ["put"] = Operation(kind, version, "put"),
            ["patch"] = Operation(kind, version, "patch"), ["delete"] = Operation(kind, version, "delete"),
        };
    }

    private static JsonObject Operation(ResourceKind kind, KindVersion version, string action)
    {
        var operation = new JsonObject
        {
            ["x-kubernetes-action"] = action, ["x-kubernetes-group-version-kind"] = OpenApiSchemas.GroupVersionKindOf(kind, version),
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
        };
        if (action is not ("post" or "put" or "patch")) return operation;
        operation["parameters"] = new JsonArray(Parameter("dryRun"), Parameter("fieldManager"), Parameter("fieldValidation"));
        var types = action != "patch" ? ["application/json"] : kind.IsCustom ? PatchTypes : [.. PatchTypes, "application/strategic-merge-patch+json"];
        operation["requestBody"] = new JsonObject
        {
            ["content"] = new JsonObject(types.Select(type => KeyValuePair.Create(type, (JsonNode?)new JsonObject { ["schema"] = new JsonObject { ["type"] = "object" } }))),
        };
        return operation;
    }

    private static JsonObject Parameter(string name) => new()
    {
        ["name"] = name, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
    };
}
