using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ambient.Deploy.Values;

/// <summary>Reads YAML 1.2 documents as values. Numbers are all floating, as Helm has them.</summary>
internal static class YamlReader
{
    /// <exception cref="RenderException">Not YAML, or not a map; the message has the place.</exception>
    public static ValueMap ReadMap(string name, string text) =>
        Read(name, text) switch { null => [], ValueMap map => map, _ => throw new RenderException($"{name} is not a map.") };

    /// <exception cref="RenderException">Not YAML; the message has the place.</exception>
    public static object? Read(string name, string text)
    {
        var stream = new YamlStream();
        try { stream.Load(new StringReader(text)); }
        catch (YamlException error) { throw new RenderException($"{name}:{error.Start.Line}: {error.Message}", error); }
        return stream.Documents.Count == 0 ? null : Value(stream.Documents[0].RootNode);
    }

    /// <summary>A single value as it would stand in a document.</summary>
    public static object? Scalar(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => true,
        "false" => false,
        _ when char.IsAsciiDigit(text[^1]) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };

    private static object? Value(YamlNode node) => node switch
    {
        YamlMappingNode map => Map(map),
        YamlSequenceNode list => list.Children.Select(Value).ToList(),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: var text } => Scalar(text ?? ""),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new RenderException($"line {node.Start.Line}: neither a map, a list nor a value."),
    };

    private static ValueMap Map(YamlMappingNode map)
    {
        var values = new ValueMap();
        foreach (var (key, value) in map.Children) values[((YamlScalarNode)key).Value ?? ""] = Value(value);
        return values;
    }
}
