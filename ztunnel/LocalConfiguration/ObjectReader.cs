using System.Globalization;
using System.Net;
using Ambient.Model.Addresses;

namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>A value with its path, on its way into the model.</summary>
internal sealed record Located(YamlValue Value, string Path);

/// <summary>Reads the keys of one YAML mapping. What is wrong goes to the mistakes, and a default takes its place.</summary>
internal sealed class ObjectReader(Located map, Mistakes mistakes)
{
    private readonly HashSet<string> _known = [];
    private readonly Dictionary<string, YamlValue> _entries = (map.Value as YamlMap)?.Entries ?? [];

    public string Path => map.Path;

    public void Mistake(string key, string message) =>
        mistakes.Add(_entries.GetValueOrDefault(key)?.Line ?? map.Value.Line, Child(key), message);

    /// <summary>To be called after all keys were read: those that were not asked for do not exist.</summary>
    public void RefuseUnknownKeys()
    {
        if (map.Value is not YamlMap)
            mistakes.Add(map.Value.Line, Path, "must be an object (key: value lines).");
        foreach (var key in _entries.Keys)
            if (!_known.Contains(key)) Mistake(key, $"unknown key; allowed are {string.Join(", ", _known.Order())}.");
    }

    public string Text(string key, bool required = false) => Scalar(key, required)?.Text ?? "";

    public bool Flag(string key, bool required = false) =>
        Choice(key, required, ("false", false), ("true", true));

    public uint Number(string key, uint otherwise)
    {
        if (Scalar(key, required: false) is not { } scalar) return otherwise;
        if (TryNumber(scalar.Text, out var number)) return number;
        Mistake(key, $"'{Shorten(scalar.Text)}' is not a whole number from 0 to {uint.MaxValue}.");
        return otherwise;
    }

    public ushort Port(string key, bool required = false) =>
        Scalar(key, required) is { } scalar ? ReadPort(scalar.Text, scalar.Line, Child(key), from: 1) : (ushort)0;

    /// <summary>One of a closed set of words; the first is the default.</summary>
    public T Choice<T>(string key, bool required, params ReadOnlySpan<(string Word, T Value)> allowed) =>
        Scalar(key, required) is { } scalar ? ReadChoice(new(scalar, Child(key)), allowed) : allowed[0].Value;

    public T ReadChoice<T>(Located item, ReadOnlySpan<(string Word, T Value)> allowed)
    {
        var text = (item.Value as YamlText)?.Text;
        foreach (var (word, value) in allowed)
            if (word == text) return value;
        var words = new List<string>(); // no LINQ over choices: its code would be in the program once for each T
        foreach (var choice in allowed) words.Add(choice.Word);
        mistakes.Add(item.Value.Line, item.Path, $"'{Shorten(text ?? "")}' is not allowed; allowed are {string.Join(", ", words)}.");
        return allowed[0].Value;
    }

    public IReadOnlyList<Located> Items(string key, bool required = false)
    {
        switch (Find(key, required, orNothing: false))
        {
            case null:
                return [];
            case YamlList list:
                return [.. list.Items.Select((item, index) => new Located(item, $"{Child(key)}[{index}]"))];
            default:
                Mistake(key, "must be a list.");
                return [];
        }
    }

    public IReadOnlyList<(string Key, Located Value)> Entries(string key, bool required = false)
    {
        switch (Find(key, required, orNothing: false))
        {
            case null:
                return [];
            case YamlMap inner:
                return [.. inner.Entries.Select(entry => (entry.Key, new Located(entry.Value, $"{Child(key)}.{Shorten(entry.Key)}")))];
            default:
                Mistake(key, "must be an object (key: value lines).");
                return [];
        }
    }

    public ObjectReader? Object(string key) => Find(key, required: false) is { } value ? Open(new(value, Child(key))) : null;

    public ObjectReader Open(Located item) => new(item, mistakes);

    public string TextOf(Located item)
    {
        if (item.Value is YamlText text) return text.Text;
        mistakes.Add(item.Value.Line, item.Path, "must be a text.");
        return "";
    }

    public IPAddress AddressOf(Located item)
    {
        if (IpText.TryParse(TextOf(item), out var address)) return address;
        mistakes.Add(item.Value.Line, item.Path, $"'{Shorten(TextOf(item))}' is not an IP address.");
        return IPAddress.None;
    }

    public IpPrefix RangeOf(Located item)
    {
        if (!IpPrefix.TryParse(TextOf(item), out var range))
            mistakes.Add(item.Value.Line, item.Path, $"'{Shorten(TextOf(item))}' is not an IP range such as 10.0.0.0/8.");
        return range;
    }

    public ushort PortOf(Located item, int from = 1) => ReadPort(TextOf(item), item.Value.Line, item.Path, from);

    private ushort ReadPort(string text, long line, string path, int from)
    {
        if (TryNumber(text, out var number) && number >= from && number <= ushort.MaxValue) return (ushort)number;
        mistakes.Add(line, path, $"'{Shorten(text)}' is not a port; allowed are {from} to {ushort.MaxValue}.");
        return 0;
    }

    /// <summary>A service port, which stands as a key.</summary>
    public ushort PortKey(string key, Located item) => ReadPort(key, item.Value.Line, item.Path, from: 1);

    private YamlText? Scalar(string key, bool required)
    {
        if (Find(key, required) is not { } value) return null;
        if (value is YamlText text) return text;
        Mistake(key, "must be a single value.");
        return null;
    }

    /// <param name="orNothing">A key with nothing behind it is as none. Not so for lists: what breaks off there is a file half written.</param>
    private YamlValue? Find(string key, bool required, bool orNothing = true)
    {
        _known.Add(key);
        if (_entries.TryGetValue(key, out var value) && !(orNothing && value is YamlText { IsNull: true })) return value;
        if (required && map.Value is YamlMap) mistakes.Add(map.Value.Line, Path, $"the key '{key}' is missing.");
        return null;
    }

    private string Child(string key) => Path.Length == 0 ? Shorten(key) : $"{Path}.{Shorten(key)}";

    private static bool TryNumber(string text, out uint number) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
