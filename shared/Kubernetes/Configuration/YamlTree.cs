using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ambient.Kubernetes.Configuration;

/// <summary>A YAML document as text, lists and maps; read from the parser's events, without reflection.</summary>
public abstract record YamlTree
{
    private const int MaxDepth = 64;

    /// <param name="IsPlain">Written without quotes, so that it may stand for a number, a truth value or nothing.</param>
    public sealed record Text(string Value, bool IsPlain = false) : YamlTree;

    public sealed record List(List<YamlTree> Items) : YamlTree;

    public sealed record Map(Dictionary<string, YamlTree> Entries) : YamlTree;

    /// <summary>The entry of a map; null if there is none or this is no map.</summary>
    public YamlTree? this[string key] => this is Map map ? map.Entries.GetValueOrDefault(key) : null;

    /// <summary>Text under this key; null if there is none or it is empty.</summary>
    public string? TextAt(string key) => this[key] is Text { Value.Length: > 0 } text ? text.Value : null;

    public IReadOnlyList<YamlTree> ListAt(string key) => this[key] is List list ? list.Items : [];

    /// <returns>Null for an empty document.</returns>
    /// <exception cref="ConfigurationException">It is not YAML, or uses anchors.</exception>
    public static YamlTree? Parse(string text, string source)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            while (parser.MoveNext())
                if (parser.Current is NodeEvent) return Read(parser, 0, source);
            return null;
        }
        // What else its scanner may throw on hostile input is not documented: any text must end as this error.
        catch (Exception e) when (e is not (ConfigurationException or OutOfMemoryException))
        {
            throw new ConfigurationException($"{source} is not valid YAML{(e is YamlException at ? $" (line {at.Start.Line})" : "")}: {e.Message}", e);
        }
    }

    private static YamlTree Read(Parser parser, int depth, string source)
    {
        if (depth > MaxDepth) throw new ConfigurationException($"{source} nests values more than {MaxDepth} deep.");
        switch (parser.Current)
        {
            case AnchorAlias or NodeEvent { Anchor.IsEmpty: false }:
                throw new ConfigurationException($"{source} uses anchors or aliases (& and *); repeat the value instead.");
            case Scalar { Style: ScalarStyle.Plain, Value: "null" or "~" }:
                return new Text("", IsPlain: true);
            case Scalar scalar:
                return new Text(scalar.Value, scalar.Style == ScalarStyle.Plain);
            case SequenceStart:
                return ReadList(parser, depth, source);
            default:
                return ReadMap(parser, depth, source);
        }
    }

    private static List ReadList(Parser parser, int depth, string source)
    {
        var items = new List<YamlTree>();
        while (parser.MoveNext() && parser.Current is not SequenceEnd) items.Add(Read(parser, depth + 1, source));
        return new(items);
    }

    private static Map ReadMap(Parser parser, int depth, string source)
    {
        var entries = new Dictionary<string, YamlTree>();
        while (parser.MoveNext() && parser.Current is not MappingEnd)
        {
            if (parser.Current is not Scalar key) throw new ConfigurationException($"{source} has a key that is not text (line {parser.Current!.Start.Line}).");
            parser.MoveNext();
            entries[key.Value] = Read(parser, depth + 1, source);
        }

        return new(entries);
    }
}
