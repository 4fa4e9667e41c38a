using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Patching;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Api.Tables;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Serving;

/// <summary>Creates, replaces, patches and deletes objects and their status.</summary>
internal sealed class WriteEndpoint(ObjectStore store, TableColumns tables)
{
    private const string JsonPatchType = "application/json-patch+json", MergePatchType = "application/merge-patch+json",
        StrategicType = "application/strategic-merge-patch+json";

    public async Task CreateAsync(ApiRequest request)
    {
        var document = await RequestBody.ReadObjectAsync(request.Context.Request, request.Stop);
        var target = request.Target;
        CheckType(target, document);
        var options = request.WriteOptions;
        var ns = target.Kind.Namespaced ? target.Namespace : "";
        await AnswerAsync(request, options, store.Create(target.Kind, ns, document, options), StatusCodes.Status201Created);
    }

    public async Task ReplaceAsync(ApiRequest request)
    {
        var document = await RequestBody.ReadObjectAsync(request.Context.Request, request.Stop);
        var target = request.Target;
        CheckType(target, document);
        if (document.Text("metadata", "namespace") is { Length: > 0 } ns && ns != target.Namespace)
            throw StatusException.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        var options = request.WriteOptions;
        await AnswerAsync(request, options, store.Update(target.Kind, target.Namespace, target.Name, _ => document, options));
    }

    public async Task PatchAsync(ApiRequest request)
    {
        var target = request.Target;
        var patch = await RequestBody.ReadAsync(request.Context.Request, request.Stop);
        var options = request.WriteOptions;
        var type = RequestBody.ContentType(request.Context.Request);
        if (type is RequestBody.ApplyType)
        {
            await ApplyAsync(request, patch, options);
            return;
        }
        var schema = target.Version.Schema;
        Func<JsonObject, JsonObject> change = type switch
        {
            JsonPatchType => live => JsonPatch.Apply(live, patch),
            MergePatchType => live => MergePatch.Apply(live, patch) as JsonObject ?? throw StatusException.BadRequest("a merge patch of an object is a JSON object"),
            StrategicType when !target.Kind.IsCustom => live => StrategicMergePatch.Apply(schema, live, patch),
            _ => throw StatusException.UnsupportedMediaType(type, string.Join(", ", target.Kind.IsCustom
                ? [JsonPatchType, MergePatchType, RequestBody.ApplyType] : (string[])[JsonPatchType, MergePatchType, StrategicType, RequestBody.ApplyType])),
        };
        await AnswerAsync(request, options, store.Update(target.Kind, target.Namespace, target.Name, change, options));
    }

    public async Task DeleteAsync(ApiRequest request)
    {
        var options = await ReadOptionsAsync(request);
        var (last, gone) = store.Delete(request.Target.Kind, request.Target.Namespace, request.Target.Name, options);
        if (!gone || last.Kind.Kind == "Pod")
        {
            await Responses.WriteAsync(request.Context, new ObjectView(request, tables).One(last));
            return;
        }
        var details = new JsonObject { ["name"] = last.Name };
        if (last.Kind.Group.Length > 0) details["group"] = last.Kind.Group;
        details["kind"] = last.Kind.Plural;
        details["uid"] = last.Uid;
        await Responses.WriteAsync(request.Context, new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details,
        });
    }

    public async Task DeleteAllAsync(ApiRequest request)
    {
        var options = await ReadOptionsAsync(request);
        var (labels, fields) = (request.Labels, request.Fields);
        var (kind, ns) = (request.Target.Kind, request.Target.Namespace);
        var gone = new List<StoredObject>();
        foreach (var item in store.List(kind, ns).Items.Where(item => labels.Matches(item.Labels) && fields.Matches(item)))
        {
            try { gone.Add(store.Delete(kind, item.Namespace, item.Name, options with { Uid = item.Uid }).Last); }
            catch (StatusException error) when (error.Code is 404 or 409)
            {
                // Somebody else was faster; what was asked for is so.
            }
        }
        await Responses.WriteAsync(request.Context, new ObjectView(request, tables).Many(gone, store.Version, null, 0));
    }

    private async Task ApplyAsync(ApiRequest request, JsonNode? patch, WriteOptions options)
    {
        var target = request.Target;
        if (request.Query("fieldManager") is not { Length: > 0 })
            throw StatusException.BadRequest("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        var wanted = patch as JsonObject ?? throw StatusException.BadRequest("an applied document is one object");
        CheckType(target, wanted);
        var existed = store.Find(target.Kind, target.Namespace, target.Name) is not null;
        var applied = store.Apply(target.Kind, target.Namespace, target.Name, wanted, request.Flag("force"), options);
        await AnswerAsync(request, options, applied, existed ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    private Task AnswerAsync(ApiRequest request, WriteOptions options, StoredObject result, int status = StatusCodes.Status200OK)
    {
        Responses.Warn(request.Context, options.Warnings);
        return Responses.WriteAsync(request.Context, new ObjectView(request, tables).One(result), status);
    }

    private static void CheckType(RequestTarget target, JsonObject document)
    {
        var (apiVersion, kind) = (target.Kind.ApiVersionOf(target.Version.Name), target.Kind.Kind);
        document["apiVersion"] ??= apiVersion;
        document["kind"] ??= kind;
        if (document.Text("kind") != kind)
            throw StatusException.BadRequest($"the kind in the data ({document.Text("kind")}) does not match the expected kind ({kind})");
        if (document.Text("apiVersion") != apiVersion)
            throw StatusException.BadRequest($"the API version in the data ({document.Text("apiVersion")}) does not match the expected API version ({apiVersion})");
        if (document["metadata"] is not (null or JsonObject)) throw StatusException.BadRequest("metadata must be an object");
    }

    private static async Task<DeleteOptions> ReadOptionsAsync(ApiRequest request)
    {
        var body = await RequestBody.ReadAsync(request.Context.Request, request.Stop) as JsonObject;
        var propagation = body.Text("propagationPolicy") ?? request.Query("propagationPolicy");
        if (propagation is null && (body.Flag("orphanDependents") || request.Flag("orphanDependents"))) propagation = "Orphan";
        return new()
        {
            Propagation = propagation switch
            {
                null or "" or "Background" => Propagation.Background,
                "Foreground" => Propagation.Foreground,
                "Orphan" => Propagation.Orphan,
                _ => throw StatusException.BadRequest($"propagationPolicy: Unsupported value: \"{propagation}\": supported values: \"Foreground\", \"Background\", \"Orphan\""),
            },
            GracePeriodSeconds = body.Number("gracePeriodSeconds") ?? request.Number("gracePeriodSeconds"),
            Uid = body.Text("preconditions", "uid"), ResourceVersion = body.Text("preconditions", "resourceVersion"),
            DryRun = ApiRequest.IsDryRun(body.TextsAt("dryRun").FirstOrDefault() ?? request.Query("dryRun")),
        };
    }
}
