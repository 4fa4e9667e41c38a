using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.Kubernetes.Configuration;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>YAML as the JSON that Kubernetes would make of it. Pure.</summary>
internal static class YamlDocument
{
    /// <param name="source">For errors.</param>
    /// <exception cref="ConfigurationException">It is not one map, or not YAML without anchors.</exception>
    public static JsonObject Parse(string text, string source) => YamlTree.Parse(text, source) switch
    {
        YamlTree.Map map => Map(map),
        _ => throw new ConfigurationException($"{source} is not a map of fields"),
    };

    private static JsonObject Map(YamlTree.Map map)
    {
        var json = new JsonObject();
        foreach (var (key, value) in map.Entries) json[key] = Node(value);
        return json;
    }

    private static JsonNode? Node(YamlTree tree) => tree switch
    {
        YamlTree.Map map => Map(map),
        YamlTree.List list => new JsonArray([.. list.Items.Select(Node)]),
        YamlTree.Text { IsPlain: true } text => Plain(text.Value),
        YamlTree.Text text => JsonValue.Create(text.Value),
        _ => null,
    };

    private static JsonValue? Plain(string text)
    {
        if (text.Length == 0) return null;
        if (text is "true" or "false") return JsonValue.Create(text == "true");
        if (IsOctal(text)) return JsonValue.Create(Convert.ToInt64(text, 8));
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        const NumberStyles number = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text, number, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) && char.IsAsciiDigit(text[^1])
            ? JsonValue.Create(real)
            : JsonValue.Create(text);
    }

    // File modes are written that way.
    private static bool IsOctal(string text) => text.Length is > 1 and < 20 && text[0] == '0' && text.AsSpan().IndexOfAnyExceptInRange('0', '7') < 0;
}
