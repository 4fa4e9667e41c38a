using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Api.Tables;

/// <summary>The part of JSONPath that printer columns use: <c>.a.b</c>, <c>['a.b']</c>, <c>[0]</c>, <c>[*]</c>, <c>[?(@.type=="x")]</c>.</summary>
internal sealed class JsonPath
{
    private readonly List<Func<JsonNode?, IEnumerable<JsonNode?>>> _steps = [];

    private JsonPath()
    {
    }

    /// <summary>A path that cannot be read finds nothing.</summary>
    public static JsonPath Parse(string text)
    {
        var path = new JsonPath();
        var at = 0;
        while (at < text.Length)
        {
            if (text[at] == '.') at++;
            if (at < text.Length && text[at] == '[')
            {
                var end = End(text, at);
                if (end < 0) return path.Nothing();
                path.Bracket(text[(at + 1)..end]);
                at = end + 1;
                continue;
            }
            var start = at;
            while (at < text.Length && text[at] is not ('.' or '[')) at += text[at] == '\\' ? 2 : 1;
            var name = text[start..Math.Min(at, text.Length)].Replace("\\", "", StringComparison.Ordinal);
            if (name.Length > 0) path._steps.Add(node => [node.At(name)]);
        }
        return path;
    }

    public IReadOnlyList<JsonNode?> Find(JsonNode? root)
    {
        IEnumerable<JsonNode?> found = [root];
        foreach (var step in _steps) found = found.Where(node => node is not null).SelectMany(step);
        return [.. found.Where(node => node is not null)];
    }

    private JsonPath Nothing()
    {
        _steps.Add(_ => []);
        return this;
    }

    private static int End(string text, int open)
    {
        var quote = '\0';
        for (var i = open + 1; i < text.Length; i++)
        {
            if (quote != '\0') quote = text[i] == quote ? '\0' : quote;
            else if (text[i] is '\'' or '"') quote = text[i];
            else if (text[i] == ']') return i;
        }
        return -1;
    }

    private void Bracket(string inner)
    {
        if (inner == "*") _steps.Add(node => node is JsonArray list ? list : node is JsonObject map ? map.Select(field => field.Value) : []);
        else if (int.TryParse(inner, out var index)) _steps.Add(node => node is JsonArray list && index < list.Count && index >= -list.Count ? [list[index < 0 ? list.Count + index : index]] : []);
        else if (inner.Length > 1 && inner[0] is '\'' or '"') { var name = inner[1..^1]; _steps.Add(node => [node.At(name)]); }
        else if (inner.StartsWith("?(@.", StringComparison.Ordinal) && inner.Split("==") is [var left, var right])
        {
            var name = left["?(@.".Length..].Trim();
            var value = right.TrimEnd(')').Trim().Trim('"', '\'');
            _steps.Add(node => node is JsonArray list ? list.Where(item => item.At(name.Split('.')).Scalar() == value) : []);
        }
        else Nothing();
    }
}
