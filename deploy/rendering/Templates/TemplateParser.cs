using System.Text.RegularExpressions;

namespace Ambient.Deploy.Templates;

/// <summary>Reads the subset of Helm's template language that charts here keep to: if, with, range, define, include, variables, pipelines.</summary>
internal sealed partial class TemplateParser
{
    private readonly string _name;
    private readonly List<TemplatePiece> _pieces;
    private readonly Dictionary<string, IReadOnlyList<Node>> _definitions;
    private int _at;

    private TemplateParser(string name, string template, Dictionary<string, IReadOnlyList<Node>> definitions) =>
        (_name, _pieces, _definitions) = (name, TemplateText.Cut(name, template), definitions);

    /// <param name="definitions">What the template defines is added.</param>
    /// <exception cref="RenderException">It cannot be read.</exception>
    public static IReadOnlyList<Node> Parse(string name, string template, Dictionary<string, IReadOnlyList<Node>> definitions)
    {
        var parser = new TemplateParser(name, template, definitions);
        var body = parser.Body();
        return parser._at == parser._pieces.Count ? body : throw parser.Error(parser._pieces[parser._at], "closes nothing");
    }

    // Up to an else or end, which stay.
    private List<Node> Body()
    {
        var nodes = new List<Node>();
        for (; _at < _pieces.Count; _at++)
        {
            var piece = _pieces[_at];
            if (!piece.IsAction)
            {
                nodes.Add(new Text(piece.Line, piece.Text));
                continue;
            }
            if (piece.Text is "end" or "else" || piece.Text.StartsWith("else ", StringComparison.Ordinal)) break;
            if (Action(piece) is { } node) nodes.Add(node);
        }
        return nodes;
    }

    private Node? Action(TemplatePiece piece)
    {
        var (word, rest) = piece.Text.Split(' ', 2, StringSplitOptions.TrimEntries) is [var first, var others] ? (first, others) : (piece.Text, "");
        switch (word)
        {
            case "if":
                return Branches(piece, rest, static (line, value, then, otherwise) => new If(line, value, then, otherwise));
            case "with":
                return Branches(piece, rest, static (line, value, then, otherwise) => new With(line, value, then, otherwise));
            case "range":
                var loop = Loop().Match(rest);
                string? Name(string group) => loop.Groups[group] is { Success: true, Value: var value } ? value : null;
                return Branches(piece, loop.Groups["values"].Value,
                    (line, value, each, otherwise) => new Range(line, Name("key"), Name("item"), value, each, otherwise));
            case "define":
                return Define(piece, rest);
        }
        return Assign().Match(piece.Text) is { Success: true } assign
            ? new Assignment(piece.Line, assign.Groups[1].Value, Read(piece, assign.Groups[3].Value), assign.Groups[2].Value == ":=")
            : new Output(piece.Line, Read(piece, piece.Text));
    }

    private Node Branches(TemplatePiece piece, string condition, Func<int, Expression, IReadOnlyList<Node>, IReadOnlyList<Node>, Node> make)
    {
        var value = Read(piece, condition);
        _at++;
        var then = Body();
        var end = Closing(piece);
        if (end.Text == "end") return make(piece.Line, value, then, []);

        if (end.Text.StartsWith("else if ", StringComparison.Ordinal)) // the end of the inner one is ours too
            return make(piece.Line, value, then,
                [Branches(end, end.Text["else if ".Length..], static (line, inner, yes, no) => new If(line, inner, yes, no))]);
        _at++;
        var otherwise = Body();
        if (Closing(piece).Text != "end") throw Error(piece, "has a second else");
        return make(piece.Line, value, then, otherwise);
    }

    private Node? Define(TemplatePiece piece, string quoted)
    {
        _at++;
        var body = Body();
        if (Closing(piece).Text != "end") throw Error(piece, "has an else");
        if (!_definitions.TryAdd(quoted.Trim('"'), body)) throw Error(piece, "is defined twice");
        return null;
    }

    private TemplatePiece Closing(TemplatePiece opening) => _at < _pieces.Count ? _pieces[_at] : throw Error(opening, "has no end");

    private Expression Read(TemplatePiece piece, string text)
    {
        try { return ExpressionParser.Parse(text); }
        catch (FormatException error) { throw new RenderException($"{_name}:{piece.Line}: {error.Message}.", error); }
    }

    private RenderException Error(TemplatePiece piece, string what) => new($"{_name}:{piece.Line}: '{piece.Text}' {what}.");

    [GeneratedRegex(@"^\$(\w+)\s*(:?=)\s*(.*)$", RegexOptions.Singleline)]
    private static partial Regex Assign();

    [GeneratedRegex(@"^(?:(?:\$(?<key>\w+)\s*,\s*)?\$(?<item>\w+)\s*:=\s*)?(?<values>.*)$", RegexOptions.Singleline)]
    private static partial Regex Loop();
}
