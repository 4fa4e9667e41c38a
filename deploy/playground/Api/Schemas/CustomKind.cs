using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Schemas;

/// <summary>Reads a CustomResourceDefinition as a kind.</summary>
internal static class CustomKind
{
    public static ResourceKind Read(JsonObject definition)
    {
        var spec = definition.Child("spec");
        var names = spec.Child("names");
        var written = spec.ObjectsAt("versions").Where(version => version.Flag("served") || version.Flag("storage"))
            .OrderByDescending(version => version.Flag("storage")).ToList();
        var subresources = written[0].ObjectAt("subresources");
        return new(spec.Text("group")!, names.Text("kind")!, names.Text("plural")!, spec.Text("scope") == "Namespaced", [.. written.Select(ReadVersion)])
        {
            Singular = names.Text("singular")!, ListKind = names.Text("listKind")!, ShortNames = [.. names.TextsAt("shortNames")],
            Categories = [.. names.TextsAt("categories")], HasStatus = subresources?.ContainsKey("status") ?? false, IsCustom = true,
            Scale = subresources.ObjectAt("scale") is { } scale
                ? new(scale.Text("specReplicasPath")!, scale.Text("statusReplicasPath")!, scale.Text("labelSelectorPath")) : null,
        };
    }

    /// <exception cref="FormatException">The schema is not structural; the message says where.</exception>
    public static Schema ReadSchema(JsonObject version) => version.ObjectAt("schema", "openAPIV3Schema") is { } schema
        ? ReadNode(schema, "", 0) : throw new FormatException("a schema is required; for any content write type: object and x-kubernetes-preserve-unknown-fields: true");

    private static KindVersion ReadVersion(JsonObject version)
    {
        var columns = version.ObjectsAt("additionalPrinterColumns").Select(column => new PrinterColumn(
            column.Text("name") ?? "", column.Text("type") ?? "string", column.Text("jsonPath") ?? "", column.Text("description") ?? "",
            (int)(column.Number("priority") ?? 0), column.Text("format") ?? ""));
        return new(version.Text("name")!, ReadSchema(version), [.. columns]);
    }

    private static Schema ReadNode(JsonObject source, string path, int depth)
    {
        if (depth > 64) throw new FormatException($"{path} is nested deeper than 64 levels");
        var preserves = source.Flag("x-kubernetes-preserve-unknown-fields");
        var properties = source.ObjectAt("properties");
        var schema = new Schema
        {
            Type = TypeOf(source, path), Description = source.Text("description") ?? "", Source = source, PreservesUnknown = preserves,
            IsEmbedded = source.Flag("x-kubernetes-embedded-resource"), Nullable = source.Flag("nullable"), Format = source.Text("format"),
            IsAtomic = source.Text("x-kubernetes-map-type") == "atomic", IsSet = source.Text("x-kubernetes-list-type") == "set",
            ListKeys = source.Text("x-kubernetes-list-type") == "map" ? [.. source.TextsAt("x-kubernetes-list-map-keys")] : [],
            Items = source.ObjectAt("items") is { } items ? ReadNode(items, $"{path}[]", depth + 1)
                : source.ObjectAt("additionalProperties") is { } values ? ReadNode(values, $"{path}{{}}", depth + 1) : Schema.Anything,
            Allowed = source["enum"] is JsonArray && source.TextsAt("enum").ToList() is { Count: > 0 } allowed ? allowed : null,
            Minimum = source.Number("minimum"), Maximum = source.Number("maximum"),
            MinLength = (int?)source.Number("minLength"), MaxLength = (int?)Math.Min(source.Number("maxLength") ?? int.MaxValue, int.MaxValue),
            MinItems = (int?)source.Number("minItems"), MaxItems = (int?)Math.Min(source.Number("maxItems") ?? int.MaxValue, int.MaxValue),
            Pattern = PatternOf(source, path),
        };
        var required = source.TextsAt("required").ToHashSet();
        foreach (var (name, value) in properties ?? [])
        {
            var child = ReadNode(value as JsonObject ?? throw new FormatException($"{path}.{name} is not an object"), $"{path}.{name}", depth + 1);
            schema.Properties[name] = new(child, child.Description, required.Contains(name), value.At("default")?.DeepClone());
        }
        return schema;
    }

    private static SchemaType TypeOf(JsonObject source, string path)
    {
        if (source.Flag("x-kubernetes-int-or-string")) return SchemaType.IntOrString;
        return source.Text("type") switch
        {
            "object" => source.ContainsKey("additionalProperties") ? SchemaType.Map : SchemaType.Object,
            "array" => SchemaType.List,
            "string" => SchemaType.String,
            "integer" => SchemaType.Integer,
            "number" => SchemaType.Number,
            "boolean" => SchemaType.Boolean,
            null when source.Flag("x-kubernetes-preserve-unknown-fields") => SchemaType.Any,
            var other => throw new FormatException($"{(path.Length == 0 ? "the schema" : path)} has type {other ?? "(none)"}; a structural schema needs object, array, string, integer, number or boolean"),
        };
    }

    // Patterns are the authors' own and run on what users send: bounded in time.
    private static Regex? PatternOf(JsonObject source, string path)
    {
        if (source.Text("pattern") is not { } pattern) return null;
        try { return new(pattern, RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(200)); }
        catch (ArgumentException error) { throw new FormatException($"{path} has an unreadable pattern: {error.Message}"); }
    }
}
