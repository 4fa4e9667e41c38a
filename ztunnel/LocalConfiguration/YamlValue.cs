namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>A value in a YAML document and where it stands.</summary>
internal abstract record YamlValue(long Line);

/// <param name="Tag">Local tag without its <c>!</c>, such as <c>Exact</c>; empty if there is none.</param>
/// <param name="IsPlain">Written without quotes.</param>
internal sealed record YamlText(long Line, string Text, string Tag, bool IsPlain) : YamlValue(Line)
{
    /// <summary>YAML 1.2 §10.2.1.1: an unquoted null, ~ or nothing.</summary>
    public bool IsNull => IsPlain && Tag.Length == 0 && Text is "" or "~" or "null" or "Null" or "NULL";
}

internal sealed record YamlList(long Line, List<YamlValue> Items) : YamlValue(Line);

internal sealed record YamlMap(long Line, Dictionary<string, YamlValue> Entries) : YamlValue(Line);
