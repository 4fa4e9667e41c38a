using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ambient.Playground.Api.Schemas;

/// <summary>One line of a <c>.schema</c> file, cut into words; a quoted description may end it.</summary>
/// <remarks>
/// The files describe the built-in kinds:
/// <code>
/// package io.k8s.api.core.v1
/// kind v1 Pod pods short=po categories=all namespaced status "…"     a kind; apiVersion, kind and metadata are understood
/// type PodSpec "…"                                                   a part of kinds; `atomic`, `open` may follow the name
///   containers []Container! merge=name keys=name "…"                 a field: name, type (! = required), attributes
///   restartPolicy string =Always enum=Always,OnFailure @3 "…"        =default, number in the binary form
///   handler ProbeHandler inline @1                                    its fields are this type's own in JSON
/// </code>
/// Types: string, integer, long, number, boolean, bytes, intOrString, quantity, time, microTime, any, []T, map[T], or the
/// name of a type, in any file. `zero`: 0 and false are values, not absence, in the binary form.
/// </remarks>
internal sealed class SchemaText(string line)
{
    private readonly Dictionary<string, string> _attributes = [];

    public bool IsField { get; } = line.StartsWith(' ');

    public IReadOnlyList<string> Words { get; private set; } = [];

    public string Description { get; private set; } = "";

    public bool Has(string word) => Words.Contains(word);

    public string? Attribute(string name) => _attributes.GetValueOrDefault(name);

    public string[] Attributes(string name) => _attributes.TryGetValue(name, out var text) ? text.Split(',') : [];

    /// <summary>What <c>=value</c> gives: JSON, or a bare word for a string.</summary>
    public JsonNode? Default => _attributes.TryGetValue("", out var text) ? ParseDefault(text) : null;

    /// <summary>What <c>@n</c> gives; 0 without.</summary>
    public int BinaryNumber => Words.FirstOrDefault(word => word.StartsWith('@')) is { } word ? int.Parse(word[1..], CultureInfo.InvariantCulture) : 0;

    public double? Number(string name) =>
        _attributes.TryGetValue(name, out var text) ? double.Parse(text, CultureInfo.InvariantCulture) : null;

    public static SchemaText Parse(string line)
    {
        var text = new SchemaText(line);
        var quote = line.IndexOf(" \"", StringComparison.Ordinal);
        var head = quote < 0 ? line : line[..quote];
        if (quote >= 0) text.Description = line[(quote + 2)..].TrimEnd().TrimEnd('"');
        var words = new List<string>();
        foreach (var word in head.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) words.Add(word);
            else text._attributes[word[..equals]] = word[(equals + 1)..];
        }
        text.Words = words;
        return text;
    }

    private static JsonNode? ParseDefault(string text)
    {
        try { return JsonNode.Parse(text); }
        catch (JsonException) { return text; }
    }
}
