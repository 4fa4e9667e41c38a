namespace Ambient.Xds.Mapping;

/// <summary>Keeps one copy of texts that many resources share: namespaces, nodes, host names. Not thread-safe.</summary>
/// <param name="capacity">Texts kept; when it is full the pool starts anew, so that names long gone are not kept for ever.</param>
public sealed class StringPool(int capacity = 1 << 16)
{
    private readonly HashSet<string> _texts = [];

    public string Share(string text)
    {
        if (text.Length == 0) return "";
        if (_texts.TryGetValue(text, out var known)) return known;
        if (_texts.Count >= capacity) _texts.Clear();
        _texts.Add(text);
        return text;
    }
}
