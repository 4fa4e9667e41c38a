using System.Text.Json.Nodes;

namespace Ambient.Playground.Api;

/// <summary>One field that keeps an object from being valid.</summary>
/// <param name="Reason">As <c>metav1.CauseType</c> spells it: FieldValueRequired, FieldValueInvalid, …</param>
/// <param name="Path">For people: <c>spec.ports[0].port</c>.</param>
public sealed record FieldProblem(string Reason, string Path, string Message)
{
    public static FieldProblem Required(string path, string why = "") =>
        new("FieldValueRequired", path, why.Length == 0 ? "Required value" : $"Required value: {why}");

    public static FieldProblem Invalid(string path, JsonNode? value, string why) =>
        new("FieldValueInvalid", path, $"Invalid value: {Show(value)}: {why}");

    public static FieldProblem WrongType(string path, JsonNode? value, string expected) =>
        new("FieldValueTypeInvalid", path, $"Invalid value: \"{Sort(value)}\": {path} in body must be of type {expected}: \"{Sort(value)}\"");

    public static FieldProblem Unsupported(string path, JsonNode? value, IEnumerable<string> allowed) =>
        new("FieldValueNotSupported", path, $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", allowed.Select(word => $"\"{word}\""))}");

    public static FieldProblem Duplicate(string path, JsonNode? value) => new("FieldValueDuplicate", path, $"Duplicate value: {Show(value)}");

    public static FieldProblem Forbidden(string path, string why) => new("FieldValueForbidden", path, $"Forbidden: {why}");

    public override string ToString() => $"{Path}: {Message}";

    public JsonObject ToCause() => new() { ["reason"] = Reason, ["message"] = Message, ["field"] = Path };

    private static string Show(JsonNode? value)
    {
        var text = value?.ToJsonString() ?? "null";
        return text.Length <= 200 ? text : $"{text[..200]}…";
    }

    private static string Sort(JsonNode? value) => value?.GetValueKind() switch
    {
        null or System.Text.Json.JsonValueKind.Null => "null",
        System.Text.Json.JsonValueKind.Array => "array",
        System.Text.Json.JsonValueKind.Object => "object",
        System.Text.Json.JsonValueKind.String => "string",
        System.Text.Json.JsonValueKind.Number => "number",
        _ => "boolean",
    };
}
