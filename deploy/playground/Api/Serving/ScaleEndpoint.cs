using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Patching;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Serving;

/// <summary>The scale subresource: the same small document for every kind that has replicas.</summary>
internal sealed class ScaleEndpoint(ObjectStore store)
{
    public async Task ServeAsync(ApiRequest request)
    {
        var target = request.Target;
        var paths = target.Kind.Scale ?? throw StatusException.NoSuchPath();
        switch (request.Context.Request.Method)
        {
            case "GET":
                await Responses.WriteAsync(request.Context, Read(store.Get(target.Kind, target.Namespace, target.Name).Copy(), paths));
                break;
            case "PUT":
                var next = await RequestBody.ReadObjectAsync(request.Context.Request, request.Stop);
                await WriteAsync(request, paths, _ => next);
                break;
            case "PATCH":
                var patch = await RequestBody.ReadAsync(request.Context.Request, request.Stop);
                var type = RequestBody.ContentType(request.Context.Request);
                await WriteAsync(request, paths, scale => type switch
                {
                    "application/json-patch+json" => JsonPatch.Apply(scale, patch),
                    "application/merge-patch+json" or "application/strategic-merge-patch+json" =>
                        MergePatch.Apply(scale, patch) as JsonObject ?? throw StatusException.BadRequest("a merge patch of an object is a JSON object"),
                    _ => throw StatusException.UnsupportedMediaType(type, "application/json-patch+json, application/merge-patch+json"),
                });
                break;
            default:
                throw StatusException.MethodNotAllowed(request.Context.Request.Method);
        }
    }

    private Task WriteAsync(ApiRequest request, ScalePaths paths, Func<JsonObject, JsonObject> change)
    {
        var target = request.Target;
        var options = request.WriteOptions with { Subresource = "scale" };
        var written = store.Update(target.Kind, target.Namespace, target.Name, document =>
        {
            var scale = change(Read(document, paths));
            if (scale.Text("metadata", "resourceVersion") is { Length: > 0 } version) document.Child("metadata")["resourceVersion"] = version;
            var replicas = scale.Number("spec", "replicas") ?? 0;
            if (replicas is < 0 or > int.MaxValue)
                throw StatusException.Invalid(target.Kind, target.Name, [FieldProblem.Invalid("spec.replicas", replicas, "must be greater than or equal to 0")]);
            Set(document, paths.Replicas, replicas);
            return document;
        }, options);
        return Responses.WriteAsync(request.Context, Read(written.Copy(), paths));
    }

    private static JsonObject Read(JsonObject document, ScalePaths paths)
    {
        var metadata = new JsonObject();
        foreach (var field in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
            if (document.At("metadata", field) is { } value) metadata[field] = value.DeepClone();
        var status = new JsonObject { ["replicas"] = At(document, paths.StatusReplicas).Number() ?? 0 };
        var selector = paths.Selector is null ? null : At(document, paths.Selector).Text();
        selector ??= document.ObjectAt("spec", "selector") is { } labels ? LabelSelector.Read(labels).ToString() : null;
        if (selector is { Length: > 0 }) status["selector"] = selector;
        return new()
        {
            ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = At(document, paths.Replicas).Number() ?? 0 }, ["status"] = status,
        };
    }

    private static JsonNode? At(JsonObject document, string path) => document.At(path.Split('.', StringSplitOptions.RemoveEmptyEntries));

    private static void Set(JsonObject document, string path, long value)
    {
        var parts = path.Split('.', StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts[..^1]) document = document.Child(part);
        document[parts[^1]] = value;
    }
}
