using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ambient.Playground.Api.Documents;

/// <summary>Reads YAML 1.2 (core schema) as JSON documents; aliases are expanded up to a limit.</summary>
public static class Yaml
{
    /// <summary>Nodes of all documents together: a small text with aliases can stand for a huge one.</summary>
    private const int MaxNodes = 500_000;

    /// <exception cref="FormatException">Not YAML, too large or too deep, or keys that are not text; the message has the line.</exception>
    public static IReadOnlyList<JsonNode> ParseAll(string text)
    {
        try
        {
            return new Reader(new Parser(new StringReader(text))).ReadAll();
        }
        // What else its scanner may throw on hostile input is not documented: any text must end as this error.
        catch (Exception error) when (error is not (FormatException or OutOfMemoryException))
        {
            throw new FormatException($"{(error is YamlException at ? $"line {at.Start.Line}" : "not YAML")}: {error.Message}", error);
        }
    }

    private sealed class Reader(Parser parser)
    {
        private readonly Dictionary<AnchorName, JsonNode?> _anchors = [];
        private int _nodes;

        public List<JsonNode> ReadAll()
        {
            var documents = new List<JsonNode>();
            parser.Consume<StreamStart>();
            while (!parser.Accept<StreamEnd>(out _))
            {
                parser.Consume<DocumentStart>();
                if (Read(0) is { } document) documents.Add(document);
                parser.Consume<DocumentEnd>();
            }
            return documents;
        }

        private JsonNode? Read(int depth)
        {
            if (depth > Json.MaxDepth) throw new FormatException($"nested deeper than {Json.MaxDepth} levels");
            Count(1);
            if (parser.TryConsume<AnchorAlias>(out var alias)) return Expand(alias);
            if (parser.TryConsume<Scalar>(out var scalar)) return Keep(scalar.Anchor, Value(scalar));
            if (parser.TryConsume<SequenceStart>(out var sequence))
            {
                var list = new JsonArray();
                while (!parser.TryConsume<SequenceEnd>(out _)) list.Add(Read(depth + 1));
                return Keep(sequence.Anchor, list);
            }
            var start = parser.Consume<MappingStart>();
            var map = new JsonObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Consume<Scalar>();
                if (!map.TryAdd(key.Value, Read(depth + 1)))
                    throw new FormatException($"line {key.Start.Line}: the key {key.Value} is there twice");
            }
            return Keep(start.Anchor, map);
        }

        private JsonNode? Expand(AnchorAlias alias)
        {
            if (!_anchors.TryGetValue(alias.Value, out var value)) throw new FormatException($"line {alias.Start.Line}: unknown alias *{alias.Value}");
            Count(Size(value));
            return value?.DeepClone();
        }

        private JsonNode? Keep(AnchorName anchor, JsonNode? value)
        {
            if (!anchor.IsEmpty) _anchors[anchor] = value?.DeepClone();
            return value;
        }

        private void Count(int more)
        {
            _nodes += more;
            if (_nodes > MaxNodes) throw new FormatException($"more than {MaxNodes} nodes");
        }

        private static int Size(JsonNode? node) => node switch
        {
            JsonObject map => 1 + map.Sum(field => Size(field.Value)),
            JsonArray list => 1 + list.Sum(Size),
            _ => 1,
        };

        private static JsonNode? Value(Scalar scalar)
        {
            var text = scalar.Value;
            if (!scalar.IsPlainImplicit || scalar.Style is not ScalarStyle.Plain) return text;
            switch (text)
            {
                case "" or "~" or "null" or "Null" or "NULL": return null;
                case "true" or "True" or "TRUE": return true;
                case "false" or "False" or "FALSE": return false;
            }
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
            // Names such as 1e3x, infinity or 1_000 stay text; so do versions with two dots.
            var looksLikeNumber = text[0] is '-' or '+' or '.' or (>= '0' and <= '9') && text.All(c => c is (>= '0' and <= '9') or '.' or 'e' or 'E' or '+' or '-');
            return looksLikeNumber && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
                ? real : text;
        }
    }
}
