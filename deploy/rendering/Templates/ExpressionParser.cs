using System.Globalization;
using System.Text.RegularExpressions;

namespace Ambient.Deploy.Templates;

/// <summary>Reads pipelines: <c>.Values.a | default "b" | quote</c>. What is before a bar becomes the last argument of what is behind it.</summary>
internal sealed partial class ExpressionParser
{
    private readonly string _text;
    private readonly string[] _tokens;
    private int _at;

    private ExpressionParser(string text)
    {
        _text = text;
        _tokens = [.. Token().Matches(text).Select(match => match.Value).Where(token => !string.IsNullOrWhiteSpace(token))];
    }

    /// <exception cref="FormatException">Not an expression of the subset.</exception>
    public static Expression Parse(string text)
    {
        var parser = new ExpressionParser(text);
        var value = parser.Pipeline();
        return parser.Next is null ? value : throw parser.Unexpected();
    }

    private string? Next => _at < _tokens.Length ? _tokens[_at] : null;

    private Expression Pipeline()
    {
        var value = Command(piped: null);
        while (Next == "|")
        {
            _at++;
            value = Command(value);
        }
        return value;
    }

    // A function with its arguments, or a single value.
    private Expression Command(Expression? piped)
    {
        if (Next is { } name && char.IsAsciiLetter(name[0]) && name is not ("true" or "false" or "nil"))
        {
            _at++;
            var arguments = new List<Expression>();
            while (Next is not (null or "|" or ")")) arguments.Add(Operand());
            if (piped is not null) arguments.Add(piped);
            return new Call(name, arguments);
        }
        var value = Operand();
        return piped is null ? value : throw new FormatException($"only a function can stand behind '|' in '{_text}'");
    }

    private Expression Operand()
    {
        var token = Next ?? throw new FormatException($"'{_text}' ends too early");
        _at++;
        switch (token[0])
        {
            case '(':
                var inner = Pipeline();
                if (Next != ")") throw Unexpected();
                _at++;
                return inner;
            case '"':
                return new Literal(Regex.Unescape(token[1..^1]));
            case '`':
                return new Literal(token[1..^1]);
            case '.' or '$':
                return Path(token);
        }
        if (token is "true" or "false") return new Literal(token == "true");
        if (token == "nil") return new Literal(null);
        if (long.TryParse(token, CultureInfo.InvariantCulture, out var number)) return new Literal(number);
        if (char.IsAsciiLetter(token[0])) return new Call(token, []);
        _at--;
        throw Unexpected();
    }

    private static FieldPath Path(string token)
    {
        var parts = token.Split('.', StringSplitOptions.RemoveEmptyEntries);
        return token[0] == '$' ? new(parts[0][1..], parts[1..]) : new(null, parts);
    }

    private FormatException Unexpected() => new($"'{Next}' is not expected here in '{_text}'");

    // Everything else is a token of one character, which no rule above takes.
    [GeneratedRegex("""
        "(?:\\.|[^"\\])*"|`[^`]*`|\$?(?:\w*)?(?:\.[A-Za-z_]\w*)+|\$\w*|-?\d+|[A-Za-z_]\w*|\s+|.
        """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();
}
