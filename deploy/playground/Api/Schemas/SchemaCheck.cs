using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Schemas;

/// <summary>Brings a document into the form of its schema: unknown fields go, defaults come, everything else is a problem.</summary>
/// <param name="custom">Custom kinds check their limits as their authors wrote them; of built-in kinds null means absent.</param>
internal sealed class SchemaCheck(bool custom)
{
    private readonly List<string> _unknown = [];

    public List<FieldProblem> Problems { get; } = [];

    public void Complete(Schema schema, JsonObject document)
    {
        // metadata has its own rules, the same for all kinds.
        Visit(schema, document, "", isRoot: true);
        if (document["metadata"] is JsonObject metadata) Visit(SchemaLibrary.BuiltIn.Type("ObjectMeta"), metadata, "metadata");
        else document["metadata"] = new JsonObject();
    }

    /// <exception cref="StatusException">BadRequest: there are unknown fields, and the writer wants to know.</exception>
    public void ReportUnknown(ResourceKind kind, KindVersion version, WriteOptions options)
    {
        if (_unknown.Count == 0) return;
        var all = string.Join(", ", _unknown.Select(path => $"unknown field \"{path}\""));
        if (options.Validation == FieldValidation.Strict)
            throw StatusException.BadRequest(
                $"{kind.Kind} in version \"{version.Name}\" cannot be handled as a {kind.Kind}: strict decoding error: {all}");
        if (options.Validation == FieldValidation.Warn) options.Warnings.AddRange(_unknown.Select(path => $"unknown field \"{path}\""));
    }

    private void Visit(Schema schema, JsonNode node, string path, bool isRoot = false)
    {
        switch (schema.Type)
        {
            case SchemaType.Object when node is JsonObject map:
                VisitObject(schema, map, path, isRoot);
                break;
            case SchemaType.Map when node is JsonObject map:
                VisitMap(schema, map, path);
                break;
            case SchemaType.List when node is JsonArray list:
                VisitList(schema, list, path);
                break;
            case SchemaType.Any:
                break;
            case SchemaType.String or SchemaType.Integer or SchemaType.Number or SchemaType.Boolean or SchemaType.IntOrString:
                VisitScalar(schema, node, path);
                break;
            default:
                Problems.Add(FieldProblem.WrongType(path, node, schema.Type is SchemaType.List ? "array" : "object"));
                break;
        }
    }

    private void VisitObject(Schema schema, JsonObject map, string path, bool isRoot)
    {
        foreach (var (name, value) in map.ToList())
        {
            if (isRoot && name is "apiVersion" or "kind" or "metadata" || schema.IsEmbedded && name is "apiVersion" or "kind" or "metadata") continue;
            var property = schema.Find(name);
            if (property is null)
            {
                if (schema.PreservesUnknown) continue;
                _unknown.Add(Join(path, name));
                map.Remove(name);
            }
            else if (value is null)
            {
                if (!custom || !property.Schema.Nullable) map.Remove(name);
            }
            else
            {
                Visit(property.Schema, value, Join(path, name));
            }
        }
        foreach (var (name, property) in schema.Properties)
        {
            if (map.ContainsKey(name)) continue;
            if (property.Default is { } value)
            {
                var made = value.DeepClone();
                map[name] = made;
                Visit(property.Schema, made, Join(path, name));
            }
            else if (property.Required)
            {
                Problems.Add(FieldProblem.Required(Join(path, name)));
            }
        }
    }

    private void VisitMap(Schema schema, JsonObject map, string path)
    {
        foreach (var (name, value) in map.ToList())
        {
            if (value is null) map[name] = schema.Items!.Type == SchemaType.String ? "" : null;
            else Visit(schema.Items!, value, Join(path, name));
        }
    }

    private void VisitList(Schema schema, JsonArray list, string path)
    {
        if (schema.MinItems is { } min && list.Count < min) Problems.Add(FieldProblem.Invalid(path, list.Count, $"{path} in body should have at least {min} items"));
        if (schema.MaxItems is { } max && list.Count > max) Problems.Add(new("FieldValueTooMany", path, $"Too many: {list.Count}: must have at most {max} items"));
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is { } item) Visit(schema.Items!, item, $"{path}[{i}]");
            else if (!schema.Items!.Nullable && schema.Items.Type != SchemaType.Any) Problems.Add(FieldProblem.WrongType($"{path}[{i}]", null, "object"));
        }
        CheckUnique(schema, list, path);
    }

    private void CheckUnique(Schema schema, JsonArray list, string path)
    {
        if (schema is { IsSet: false, ListKeys.Count: 0 }) return;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
            if (list[i] is { } item && !seen.Add(ListKey.Of(schema, item))) Problems.Add(FieldProblem.Duplicate($"{path}[{i}]", item));
    }

    private void VisitScalar(Schema schema, JsonNode node, string path)
    {
        var kind = node.GetValueKind();
        switch (schema.Type)
        {
            case SchemaType.String when kind == JsonValueKind.String:
                CheckText(schema, node.GetValue<string>(), node, path);
                return;
            case SchemaType.Integer when kind == JsonValueKind.Number && node.Number() is not null:
            case SchemaType.Number when kind == JsonValueKind.Number:
                CheckRange(schema, node, path);
                return;
            case SchemaType.Boolean when kind is JsonValueKind.True or JsonValueKind.False:
            case SchemaType.IntOrString when kind is JsonValueKind.String or JsonValueKind.Number:
                return;
            default:
                Problems.Add(FieldProblem.WrongType(path, node, schema.Type switch
                {
                    SchemaType.String => "string", SchemaType.Integer => "integer", SchemaType.Number => "number",
                    SchemaType.Boolean => "boolean", _ => "integer or string",
                }));
                return;
        }
    }

    private void CheckText(Schema schema, string text, JsonNode node, string path)
    {
        if (schema.Allowed is { } allowed && !allowed.Contains(text)) Problems.Add(FieldProblem.Unsupported(path, node, allowed));
        if (schema.MinLength is { } min && text.Length < min) Problems.Add(FieldProblem.Invalid(path, node, $"{path} in body should be at least {min} chars long"));
        if (schema.MaxLength is { } max && text.Length > max) Problems.Add(new("FieldValueTooLong", path, $"Too long: may not be more than {max} bytes"));
        if (schema.Format == "date-time" && Timestamps.Read(text) is null) Problems.Add(FieldProblem.Invalid(path, node, $"{path} in body must be of type date-time"));
        if (schema.Format == "byte" && !IsBase64(text)) Problems.Add(FieldProblem.Invalid(path, node, "illegal base64 data"));
        if (schema.Pattern is { } pattern && !Matches(pattern, text)) Problems.Add(FieldProblem.Invalid(path, node, $"{path} in body should match '{pattern}'"));
    }

    private void CheckRange(Schema schema, JsonNode node, string path)
    {
        var number = double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);
        if (schema.Minimum is { } min && number < min) Problems.Add(FieldProblem.Invalid(path, node, $"{path} in body should be greater than or equal to {min}"));
        if (schema.Maximum is { } max && number > max) Problems.Add(FieldProblem.Invalid(path, node, $"{path} in body should be less than or equal to {max}"));
    }

    private static bool Matches(System.Text.RegularExpressions.Regex pattern, string text)
    {
        try { return pattern.IsMatch(text); }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException) { return false; }
    }

    private static bool IsBase64(string text) => Convert.TryFromBase64String(text, new byte[text.Length], out _);

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
