using System.Text.Json.Nodes;
using Ambient.Playground.Api.Access;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Serving;

/// <summary>Kinds that are answered and not kept: whose token, who am I, may I.</summary>
internal sealed class Questions(TokenIssuer tokens, Authorizer authorizer)
{
    public async Task AnswerAsync(ApiRequest request)
    {
        var document = await RequestBody.ReadObjectAsync(request.Context.Request, request.Stop);
        document["apiVersion"] ??= request.Target.Kind.ApiVersion;
        document["kind"] ??= request.Target.Kind.Kind;
        document["status"] = Answer(request, document);
        await Responses.WriteAsync(request.Context, document, 201);
    }

    /// <summary>The token subresource of an account.</summary>
    public async Task IssueAsync(ApiRequest request, ObjectStore store)
    {
        var target = request.Target;
        var document = await RequestBody.ReadObjectAsync(request.Context.Request, request.Stop);
        var seconds = document.Number("spec", "expirationSeconds") ?? 3600;
        if (seconds < 600) throw StatusException.Invalid(target.Kind, target.Name, [FieldProblem.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]);
        var bound = document.ObjectAt("spec", "boundObjectRef");
        if (bound is not null && bound.Text("kind") != "Pod")
            throw StatusException.BadRequest($"cannot bind token to object of type {bound.Text("kind")}; this cluster binds to pods");
        var pod = bound.Text("name");
        if (pod is not null && bound.Text("uid") is { Length: > 0 } uid)
        {
            var found = store.Get(store.Kinds.Get("", "Pod"), target.Namespace, pod);
            if (found.Uid != uid) throw StatusException.Conflict(found.Kind, pod, $"the UID in the bound object reference ({uid}) does not match the UID in record ({found.Uid}). The object might have been deleted and then recreated");
        }
        var token = tokens.Issue(target.Namespace, target.Name, [.. document.TextsAt("spec", "audiences")], TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue)), pod);
        document["apiVersion"] = "authentication.k8s.io/v1";
        document["kind"] = "TokenRequest";
        document.Child("metadata")["name"] = target.Name;
        document.Child("metadata")["namespace"] = target.Namespace;
        document.Child("spec")["expirationSeconds"] = seconds;
        document["status"] = new JsonObject { ["token"] = token.Token, ["expirationTimestamp"] = Timestamps.Write(token.Expires) };
        await Responses.WriteAsync(request.Context, document, 201);
    }

    private JsonObject Answer(ApiRequest request, JsonObject document) => request.Target.Kind.Kind switch
    {
        "TokenReview" => Review(document),
        "SelfSubjectReview" => new() { ["userInfo"] = request.Caller.ToUserInfo() },
        "SelfSubjectAccessReview" => Decide(request.Caller, document),
        "SubjectAccessReview" or "LocalSubjectAccessReview" => Decide(Subject(document), document),
        _ => RulesOf(request.Caller, document.Text("spec", "namespace") ?? ""),
    };

    private JsonObject Review(JsonObject document)
    {
        var (caller, audiences, error) = tokens.Check(document.Text("spec", "token") ?? "", [.. document.TextsAt("spec", "audiences")]);
        if (caller is null) return new() { ["authenticated"] = false, ["user"] = new JsonObject(), ["error"] = error };
        return new() { ["authenticated"] = true, ["user"] = caller.ToUserInfo(), ["audiences"] = Json.Strings(audiences) };
    }

    private JsonObject Decide(Caller caller, JsonObject document)
    {
        var resource = document.ObjectAt("spec", "resourceAttributes");
        var path = document.ObjectAt("spec", "nonResourceAttributes");
        if (resource is null == path is null) throw StatusException.BadRequest("spec: exactly one of resourceAttributes and nonResourceAttributes must be given");
        var wanted = resource is not null
            ? new Permission(resource.Text("verb") ?? "", resource.Text("group") ?? "", resource.Text("resource") ?? "", resource.Text("subresource") ?? "",
                resource.Text("namespace") ?? "", resource.Text("name") ?? "")
            : new Permission(path.Text("verb") ?? "", "", "", "", "", "", path.Text("path") ?? "/");
        var (allowed, reason) = authorizer.Decide(caller, wanted);
        var status = new JsonObject { ["allowed"] = allowed };
        if (reason.Length > 0) status["reason"] = reason;
        return status;
    }

    private JsonObject RulesOf(Caller caller, string ns)
    {
        var everything = authorizer.Decide(caller, new("*", "*", "*", "", ns, "")).Allowed;
        var rules = everything
            ? [new JsonObject { ["verbs"] = Json.Strings(["*"]), ["apiGroups"] = Json.Strings(["*"]), ["resources"] = Json.Strings(["*"]) }]
            : authorizer.Rules(caller, ns).ToList();
        return new()
        {
            ["resourceRules"] = new JsonArray([.. rules.Where(rule => rule["resources"] is not null).Select(rule => rule.DeepClone())]),
            ["nonResourceRules"] = new JsonArray([.. rules.Where(rule => rule["nonResourceURLs"] is not null).Select(rule => rule.DeepClone())]),
            ["incomplete"] = false,
        };
    }

    private static Caller Subject(JsonObject document) => new(document.Text("spec", "user") ?? "", document.Text("spec", "uid") ?? "",
        [.. document.TextsAt("spec", "groups")], new Dictionary<string, IReadOnlyList<string>>());
}
