using System.Text.Json.Nodes;
using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api;

/// <summary>A request that the API refuses; sent to the client as a <c>metav1.Status</c>.</summary>
/// <param name="code">HTTP status.</param>
/// <param name="reason">What programs switch on, as <c>metav1.StatusReason</c> spells it.</param>
/// <param name="message">What people read.</param>
public sealed class StatusException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    public JsonObject? Details { get; } = details;

    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(),
            ["status"] = "Failure", ["message"] = Message, ["reason"] = Reason,
        };
        if (Details is not null) status["details"] = Details.DeepClone();
        status["code"] = Code;
        return status;
    }

    public static StatusException NotFound(ResourceKind kind, string name) =>
        new(404, "NotFound", $"{kind.Resource} \"{name}\" not found", About(kind, name));

    public static StatusException NoSuchPath() => new(404, "NotFound", "the server could not find the requested resource", new JsonObject());

    public static StatusException AlreadyExists(ResourceKind kind, string name) =>
        new(409, "AlreadyExists", $"{kind.Resource} \"{name}\" already exists", About(kind, name));

    public static StatusException Conflict(ResourceKind kind, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {kind.Resource} \"{name}\": {why}", About(kind, name));

    public static StatusException Modified(ResourceKind kind, string name) => Conflict(kind, name,
        "the object has been modified; please apply your changes to the latest version and try again");

    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static StatusException Forbidden(string message, JsonObject? details = null) => new(403, "Forbidden", message, details);

    public static StatusException MethodNotAllowed(string method) =>
        new(405, "MethodNotAllowed", $"the server does not allow this method on the requested resource: {method}", new JsonObject());

    public static StatusException NotAcceptable(string accept) => new(406, "NotAcceptable",
        $"only the following media types are accepted: application/json; asked for {accept}");

    public static StatusException UnsupportedMediaType(string type, string allowed) => new(415, "UnsupportedMediaType",
        $"the body of the request was in an unknown format ({type}) - accepted media types include: {allowed}");

    public static StatusException TooLarge(long limit) => new(413, "RequestEntityTooLarge",
        $"Request entity too large: limit is {limit}; split the object or shorten its annotations");

    public static StatusException Gone(long asked, long oldest) =>
        new(410, "Expired", $"too old resource version: {asked} ({oldest})");

    public static StatusException ContinueExpired() => new(410, "Expired",
        "The provided continue parameter is too old to display a consistent list result. Start a new list without the continue parameter.");

    public static StatusException TooNew(long asked, long current) => new(504, "Timeout",
        $"Too large resource version: {asked}, current: {current}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        });

    public static StatusException Invalid(ResourceKind kind, string name, IReadOnlyList<FieldProblem> problems)
    {
        var title = kind.Group.Length == 0 ? kind.Kind : $"{kind.Kind}.{kind.Group}";
        var all = string.Join(", ", problems.Select(problem => problem.ToString()));
        var details = new JsonObject { ["name"] = name };
        if (kind.Group.Length > 0) details["group"] = kind.Group;
        details["kind"] = kind.Kind;
        details["causes"] = new JsonArray([.. problems.Select(problem => problem.ToCause())]);
        return new(422, "Invalid", $"{title} \"{name}\" is invalid: {(problems.Count == 1 ? all : $"[{all}]")}", details);
    }

    private static JsonObject About(ResourceKind kind, string name)
    {
        var about = new JsonObject { ["name"] = name };
        if (kind.Group.Length > 0) about["group"] = kind.Group;
        about["kind"] = kind.Plural;
        return about;
    }
}
