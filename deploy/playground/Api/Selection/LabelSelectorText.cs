using static Ambient.Playground.Api.Selection.LabelSelector;

namespace Ambient.Playground.Api.Selection;

/// <summary>Reads the query form of a label selector.</summary>
internal sealed class LabelSelectorText(string text)
{
    private const string Special = "=!(),<>";
    private int _at;

    public List<Requirement> Read()
    {
        var all = new List<Requirement>();
        Skip();
        if (_at == text.Length) return all;
        do all.Add(One());
        while (Take(","));
        if (_at < text.Length) throw Broken($"found '{text[_at]}', expected: ',' or end of string");
        return all;
    }

    private Requirement One()
    {
        if (Take("!")) return new(Word(), Operator.DoesNotExist, []);
        var key = Word();
        if (key.Length == 0) throw Broken("a label key is missing");
        if (Take("!=")) return new(key, Operator.NotIn, [Word()]);
        if (Take("==") || Take("=")) return new(key, Operator.In, [Word()]);
        if (Take(">")) return new(key, Operator.GreaterThan, [Word()]);
        if (Take("<")) return new(key, Operator.LessThan, [Word()]);
        if (_at == text.Length || text[_at] == ',') return new(key, Operator.Exists, []);
        return Word() switch
        {
            "in" => new(key, Operator.In, Values()),
            "notin" => new(key, Operator.NotIn, Values()),
            var other => throw Broken($"found '{other}', expected: in, notin, =, ==, !=, <, >"),
        };
    }

    private List<string> Values()
    {
        if (!Take("(")) throw Broken("found no '(' after in or notin");
        var values = new List<string>();
        do values.Add(Word());
        while (Take(","));
        if (!Take(")")) throw Broken("found no ')' after the values");
        return values;
    }

    private string Word()
    {
        Skip();
        var start = _at;
        while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && !Special.Contains(text[_at])) _at++;
        var word = text[start.._at];
        Skip();
        return word;
    }

    private bool Take(string token)
    {
        Skip();
        if (!text.AsSpan(_at).StartsWith(token, StringComparison.Ordinal)) return false;
        _at += token.Length;
        Skip();
        return true;
    }

    private void Skip()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
    }

    private StatusException Broken(string why) => StatusException.BadRequest($"unable to parse requirement: {why} (in the label selector \"{text}\")");
}
