using Ambient.Playground.Api.Access;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Storage;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Serving;

/// <summary>One request to an object or a collection, with its query understood.</summary>
internal sealed class ApiRequest(HttpContext context, RequestTarget target, Caller caller)
{
    public HttpContext Context => context;

    public RequestTarget Target => target;

    public Caller Caller => caller;

    public CancellationToken Stop => context.RequestAborted;

    public Representation Representation { get; } = MediaType.Choose(context.Request.Headers.Accept.ToString());

    public bool IsWatch => Flag("watch");

    /// <summary>What RBAC calls what is asked for.</summary>
    public string Verb => context.Request.Method switch
    {
        "GET" or "HEAD" => IsWatch ? "watch" : target.Name.Length > 0 ? "get" : "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => target.Name.Length > 0 ? "delete" : "deletecollection",
        var other => throw StatusException.MethodNotAllowed(other),
    };

    /// <summary>What a role must give for it. To list or watch the one object that a field selector names is a matter of that name.</summary>
    public Permission PermissionTo(string verb) => new(verb, target.Kind.Group, target.Kind.Plural, target.Subresource, target.Namespace,
        target.Name.Length == 0 && verb is "list" or "watch" or "deletecollection" ? Fields.Name ?? target.Name : target.Name);

    /// <summary>Server-side apply of what does not exist is a creation.</summary>
    public bool CreatesByApplying(ObjectStore store) => Verb == "patch" && target.Subresource.Length == 0 &&
        RequestBody.ContentType(context.Request) == RequestBody.ApplyType && store.Find(target.Kind, target.Namespace, target.Name) is null;

    public string? Query(string name) => context.Request.Query.TryGetValue(name, out var values) && values.Count > 0 ? values[^1] : null;

    public bool Flag(string name) => Query(name) is "true" or "1" or "True";

    /// <exception cref="StatusException">BadRequest: not a number.</exception>
    public long? Number(string name)
    {
        if (Query(name) is not { Length: > 0 } text) return null;
        return long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number : throw StatusException.BadRequest($"{name}: Invalid value: \"{text}\": must be a whole number from 0");
    }

    public LabelSelector Labels => Query("labelSelector") is { Length: > 0 } text ? LabelSelector.Parse(text) : LabelSelector.Everything;

    public FieldSelector Fields
    {
        get
        {
            var text = Query("fieldSelector") ?? "";
            // A watch of one object, as old clients ask for it.
            if (IsWatch && target.Name.Length > 0) text = $"metadata.name={target.Name}{(text.Length > 0 ? $",{text}" : "")}";
            return text.Length > 0 ? FieldSelector.Parse(text, target.Kind) : FieldSelector.Everything;
        }
    }

    public WriteOptions WriteOptions => new()
    {
        Owner = Query("fieldManager") is { Length: > 0 } owner ? Checked(owner) : Agent,
        DryRun = IsDryRun(Query("dryRun")), Subresource = target.Subresource, Version = target.Version.Name,
        Validation = Query("fieldValidation") switch
        {
            "Strict" => FieldValidation.Strict,
            "Ignore" => FieldValidation.Ignore,
            null or "" or "Warn" => FieldValidation.Warn,
            var other => throw StatusException.BadRequest($"fieldValidation: Unsupported value: \"{other}\": supported values: \"Ignore\", \"Warn\", \"Strict\""),
        },
    };

    public static bool IsDryRun(string? text) => text switch
    {
        null or "" => false,
        "All" => true,
        _ => throw StatusException.BadRequest($"dryRun: Unsupported value: \"{text}\": supported values: \"All\""),
    };

    // Who does not say who writes is known by its program's name.
    private string Agent
    {
        get
        {
            var agent = context.Request.Headers.UserAgent.ToString();
            var end = agent.IndexOf('/', StringComparison.Ordinal);
            var name = end < 0 ? agent : agent[..end];
            return name.Length is 0 or > 128 ? "unknown" : name;
        }
    }

    private static string Checked(string owner) => owner.Length <= 128 && !owner.Any(char.IsControl)
        ? owner : throw StatusException.BadRequest("fieldManager: may not be more than 128 characters, all printable");
}
