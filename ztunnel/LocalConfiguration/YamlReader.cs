using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>Reads one YAML document from the parser's events, without recursion into the input's depth and without reflection.</summary>
/// <remarks>
/// Refused: anchors and aliases (a small file could stand for a huge one), more than one document, keys that are not text or
/// occur twice, and nesting beyond <see cref="MaxDepth"/>.
/// </remarks>
internal sealed class YamlReader
{
    public const int MaxDepth = 32;

    private readonly Mistakes _mistakes;
    private readonly Stack<(YamlValue Container, string? Key)> _open = new();
    private YamlValue? _document;

    private YamlReader(Mistakes mistakes) => _mistakes = mistakes;

    /// <returns>Null if the text is empty or not YAML; <paramref name="mistakes"/> says which.</returns>
    public static YamlValue? Read(string text, Mistakes mistakes)
    {
        try
        {
            var reader = new YamlReader(mistakes);
            var parser = new Parser(new StringReader(text));
            while (parser.MoveNext())
                if (!reader.Take(parser.Current!)) return null;
            return reader._document;
        }
        // What else its scanner may throw on hostile input is not documented: any text must end as a mistake.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            mistakes.Add((e as YamlException)?.Start.Line ?? 0, "", $"not valid YAML: {e.Message}");
            return null;
        }
    }

    /// <returns>False to stop reading.</returns>
    private bool Take(ParsingEvent next)
    {
        var line = next.Start.Line;
        switch (next)
        {
            case AnchorAlias:
            case NodeEvent { Anchor.IsEmpty: false }:
                return Refuse(line, "anchors and aliases (& and *) are not allowed; repeat the value instead.");
            case DocumentStart when _document is not null:
                return Refuse(line, "only one YAML document (--- …) is allowed in the file.");
            case Scalar scalar:
                return Put(new YamlText(line, scalar.Value, LocalTag(scalar.Tag), scalar.Style == ScalarStyle.Plain));
            case SequenceStart:
                return Open(new YamlList(line, []));
            case MappingStart:
                return Open(new YamlMap(line, []));
            case SequenceEnd:
            case MappingEnd:
                return Put(_open.Pop().Container);
            default:
                return true;
        }
    }

    private bool Open(YamlValue container)
    {
        if (_open.Count >= MaxDepth) return Refuse(container.Line, $"values are nested more than {MaxDepth} deep.");
        if (_open.TryPeek(out var parent) && parent is { Container: YamlMap, Key: null })
            return Refuse(container.Line, "a key must be text.");
        _open.Push((container, null));
        return true;
    }

    private bool Put(YamlValue value)
    {
        if (!_open.TryPop(out var parent)) _document = value;
        else if (parent.Container is YamlList list)
        {
            list.Items.Add(value);
            _open.Push(parent);
        }
        else return PutInMap((YamlMap)parent.Container, parent.Key, value);
        return true;
    }

    private bool PutInMap(YamlMap map, string? key, YamlValue value)
    {
        var isKey = key is null;
        _open.Push((map, isKey ? ((YamlText)value).Text : null));
        if (!isKey && !map.Entries.TryAdd(key!, value)) _mistakes.Add(value.Line, key!, "the key occurs twice.");
        return true;
    }

    private bool Refuse(long line, string message)
    {
        _mistakes.Add(line, "", message);
        return false;
    }

    private static string LocalTag(TagName tag) => !tag.IsEmpty && tag.Value.StartsWith('!') ? tag.Value[1..] : "";
}
