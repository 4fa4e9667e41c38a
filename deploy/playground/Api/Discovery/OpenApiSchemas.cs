using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Schemas;

namespace Ambient.Playground.Api.Discovery;

/// <summary>Writes schemas as OpenAPI components, each named type once.</summary>
/// <param name="root">Where components are: <c>#/components/schemas/</c> in version 3, <c>#/definitions/</c> in version 2.</param>
internal sealed class OpenApiSchemas(string root)
{
    private const string GroupVersionKind = "x-kubernetes-group-version-kind";

    public JsonObject Components { get; } = [];

    public void Add(ResourceKind kind, KindVersion version)
    {
        var name = NameOf(kind, version);
        if (kind.IsCustom) Components[name] = WriteCustom(version.Schema);
        else Reference(version.Schema);
        Components[name]![GroupVersionKind] = new JsonArray(GroupVersionKindOf(kind, version));
        Components[$"{name}List"] = WriteList(kind, version, name);
    }

    public static JsonObject GroupVersionKindOf(ResourceKind kind, KindVersion version) =>
        new() { ["group"] = kind.Group, ["kind"] = kind.Kind, ["version"] = version.Name };

    /// <summary>Groups are written from the widest part on, as packages are.</summary>
    public static string NameOf(ResourceKind kind, KindVersion version) =>
        version.Schema.Name ?? $"{string.Join('.', kind.Group.Split('.').AsEnumerable().Reverse())}.{version.Name}.{kind.Kind}";

    private JsonObject WriteList(ResourceKind kind, KindVersion version, string item) => new()
    {
        ["type"] = "object", ["description"] = $"A list of {kind.Kind}.", ["required"] = Json.Strings(["items"]),
        ["properties"] = new JsonObject
        {
            ["apiVersion"] = new JsonObject { ["type"] = "string" }, ["kind"] = new JsonObject { ["type"] = "string" }, ["metadata"] = new JsonObject { ["type"] = "object" },
            ["items"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["$ref"] = root + item } },
        },
        [GroupVersionKind] = new JsonArray(new JsonObject { ["group"] = kind.Group, ["kind"] = kind.ListKind, ["version"] = version.Name }),
    };

    private JsonObject Write(Schema schema)
    {
        if (schema.Name is not null) return new() { ["$ref"] = Reference(schema) };
        var written = new JsonObject();
        switch (schema.Type)
        {
            case SchemaType.Map:
                written["type"] = "object";
                written["additionalProperties"] = Write(schema.Items!);
                if (schema.IsAtomic) written["x-kubernetes-map-type"] = "atomic";
                break;
            case SchemaType.List:
                written["type"] = "array";
                written["items"] = Write(schema.Items!);
                WriteListRules(schema, written);
                break;
            case SchemaType.IntOrString:
                written["type"] = "string";
                written["format"] = schema.Format ?? "int-or-string";
                break;
            case SchemaType.Any:
                written["x-kubernetes-preserve-unknown-fields"] = true;
                break;
            default:
                written["type"] = schema.Type.ToString().ToLowerInvariant();
                if (schema.Format is { } format) written["format"] = format;
                if (schema.Allowed is { } allowed) written["enum"] = Json.Strings(allowed);
                break;
        }
        return written;
    }

    private static void WriteListRules(Schema schema, JsonObject written)
    {
        written["x-kubernetes-list-type"] = schema.IsSet ? "set" : schema.ListKeys.Count > 0 ? "map" : "atomic";
        if (schema.ListKeys.Count > 0) written["x-kubernetes-list-map-keys"] = Json.Strings(schema.ListKeys);
        if (schema.MergeKey is null) return;
        written["x-kubernetes-patch-strategy"] = schema.RetainsKeys ? "merge,retainKeys" : "merge";
        if (schema.MergeKey.Length > 0) written["x-kubernetes-patch-merge-key"] = schema.MergeKey;
    }

    private string Reference(Schema schema)
    {
        if (!Components.ContainsKey(schema.Name!))
        {
            var written = new JsonObject { ["type"] = "object" };
            Components[schema.Name!] = written; // first: types may hold themselves
            WriteObject(schema, written);
        }
        return root + schema.Name;
    }

    private void WriteObject(Schema schema, JsonObject written)
    {
        if (schema.Description.Length > 0) written["description"] = schema.Description;
        if (schema.IsAtomic) written["x-kubernetes-map-type"] = "atomic";
        if (schema.PreservesUnknown) written["x-kubernetes-preserve-unknown-fields"] = true;
        var properties = new JsonObject();
        foreach (var (name, property) in schema.Properties) properties[name] = WriteProperty(property);
        if (properties.Count > 0) written["properties"] = properties;
        var required = schema.Properties.Where(property => property.Value.Required).Select(property => property.Key).ToList();
        if (required.Count > 0) written["required"] = Json.Strings(required);
    }

    private JsonObject WriteProperty(SchemaProperty property)
    {
        var written = Write(property.Schema);
        // Beside a reference nothing else may stand, so it is wrapped.
        if (written.ContainsKey("$ref")) written = new() { ["allOf"] = new JsonArray(written) };
        if (property.Description.Length > 0) written["description"] = property.Description;
        if (property.Default is { } value) written["default"] = value.DeepClone();
        return written;
    }

    private JsonObject WriteCustom(Schema schema)
    {
        var written = (JsonObject)(schema.Source ?? []).DeepClone();
        written["type"] = "object";
        var properties = written.Child("properties");
        properties["apiVersion"] = new JsonObject { ["type"] = "string", ["description"] = "Version of this representation of the object, as group/version." };
        properties["kind"] = new JsonObject { ["type"] = "string", ["description"] = "What the object is." };
        properties["metadata"] = new JsonObject
        {
            ["allOf"] = new JsonArray(new JsonObject { ["$ref"] = Reference(SchemaLibrary.BuiltIn.Type("ObjectMeta")) }), ["description"] = "Name, labels and life of the object.",
        };
        return written;
    }
}
