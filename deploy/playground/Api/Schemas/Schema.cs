using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ambient.Playground.Api.Schemas;

public enum SchemaType { Any, Object, Map, List, String, Integer, Number, Boolean, IntOrString }

/// <summary>
/// What one value may look like. The same description serves validation, defaults, strategic merge patches, field
/// ownership and the published OpenAPI documents. Not changed once its kind is served.
/// </summary>
public sealed class Schema
{
    public static readonly Schema Anything = new() { PreservesUnknown = true };

    public SchemaType Type { get; init; } = SchemaType.Any;

    /// <summary>Under which a type is published (<c>io.k8s.api.core.v1.Pod</c>); null when it stands inline.</summary>
    public string? Name { get; init; }

    public string Description { get; set; } = "";

    /// <summary>Of an object, in the order in which <c>kubectl explain</c> shows them.</summary>
    public Dictionary<string, SchemaProperty> Properties { get; } = new(StringComparer.Ordinal);

    /// <summary>Parts that are messages of their own in the binary form, by number, and whose fields are this type's in JSON.</summary>
    public Dictionary<int, Schema> Inlined { get; } = [];

    /// <summary>Of a list its elements, of a map its values.</summary>
    public Schema? Items { get; init; }

    /// <summary>The fields that tell a list's elements apart; empty: the list is one value, unless <see cref="IsSet"/>.</summary>
    public IReadOnlyList<string> ListKeys { get; init; } = [];

    /// <summary>A list of scalars without order, each at most once.</summary>
    public bool IsSet { get; init; }

    /// <summary>An object or map that has one owner as a whole.</summary>
    public bool IsAtomic { get; init; }

    /// <summary>For strategic merge patches: the field that lists are merged by; "" merges scalars; null replaces the list.</summary>
    public string? MergeKey { get; init; }

    /// <summary>For strategic merge patches: fields that a patch does not name are dropped when it says so (<c>$retainKeys</c>).</summary>
    public bool RetainsKeys { get; init; }

    /// <summary>Fields beyond <see cref="Properties"/> are kept and not checked.</summary>
    public bool PreservesUnknown { get; init; }

    public bool Nullable { get; init; }

    /// <summary>A whole object with apiVersion, kind and metadata inside.</summary>
    public bool IsEmbedded { get; init; }

    public string? Format { get; init; }

    public IReadOnlyList<string>? Allowed { get; init; }

    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public int? MinLength { get; init; }

    public int? MaxLength { get; init; }

    public Regex? Pattern { get; init; }

    public int? MinItems { get; init; }

    public int? MaxItems { get; init; }

    /// <summary>How a CustomResourceDefinition wrote it, for publishing it again.</summary>
    public JsonObject? Source { get; init; }

    public SchemaProperty? Find(string name) => Properties.GetValueOrDefault(name);
}

/// <param name="Default">What the API fills in; null for none. Cloned before use.</param>
public sealed record SchemaProperty(Schema Schema, string Description, bool Required, JsonNode? Default)
{
    /// <summary>Of the field in the binary form that Go clients send; 0 if the kind has none.</summary>
    public int Number { get; init; }

    /// <summary>The binary form always carries a value; zero stands for an absent one unless this is set.</summary>
    public bool KeepsZero { get; init; }
}
