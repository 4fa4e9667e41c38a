using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ambient.HttpCases;

/// <summary>Malformed, ambiguous and merely odd messages, as text files beside this one. Their form:</summary>
/// <remarks>
/// <c>name = text</c> makes <c>{name}</c> stand for the text, <c>{8*x}</c> for eight x; <c>\r \n \t \\ \xHH</c> are bytes. A case is a line
/// <c>[name]</c>, lines that begin with <c>&gt; </c>, a verdict (<c>refused 400</c>, <c>cut 400</c>, <c>passes</c>, <c>passes last</c>) and for the last two
/// lines that begin with <c>&lt; </c>. Comments begin with <c>#</c>.
/// </remarks>
public static partial class MessageCorpus
{
    public const string Http1Requests = "http1-requests", Http2Requests = "http2-requests", Http1Responses = "http1-responses", Http2Responses = "http2-responses";

    public static IReadOnlyList<MessageCase> Read(string group)
    {
        using var stream = typeof(MessageCorpus).Assembly.GetManifestResourceStream($"{group}.txt") ?? throw new FileNotFoundException($"The corpus has no {group}.txt.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var cases = new CaseReader(group);
        while (reader.ReadLine() is { } line) cases.Take(line);
        return cases.Complete();
    }

    public static MessageCase Find(string group, string name) => Read(group).Single(one => one.Name == name);

    private sealed class CaseReader(string group)
    {
        private readonly Dictionary<string, string> _names = [];
        private readonly List<MessageCase> _cases = [];
        private readonly List<string> _sent = [];
        private readonly StringBuilder _passed = new();
        private string? _name, _verdict;

        public void Take(string line)
        {
            if (line.Length == 0 || line[0] == '#') return;
            if (line.StartsWith("> ", StringComparison.Ordinal)) _sent.Add(Bytes(line[2..]));
            else if (line.StartsWith("< ", StringComparison.Ordinal)) _passed.Append(Bytes(line[2..]));
            else if (line[0] == '[') Begin(line[1..^1]);
            else if (_name is null && line.Split(" = ", 2) is [var name, var text]) _names[name] = text;
            else if (_verdict is null) _verdict = line;
            else throw new FormatException($"{group}: '{line}' is not understood.");
        }

        public IReadOnlyList<MessageCase> Complete()
        {
            Begin(null);
            return _cases.Select(one => one.Name).Distinct().Count() == _cases.Count ? _cases : throw new FormatException($"{group}: a name is used twice.");
        }

        private void Begin(string? name)
        {
            if (_name is not null) _cases.Add(End(_name, (_verdict ?? throw new FormatException($"{group}: '{_name}' has no verdict.")).Split(' ')));
            (_name, _verdict) = (name, null);
            _sent.Clear();
            _passed.Clear();
        }

        private MessageCase End(string name, string[] verdict)
        {
            var kind = verdict switch
            {
                ["refused", ..] => CaseVerdict.Refused,
                ["cut", ..] => CaseVerdict.Cut,
                ["passes"] => CaseVerdict.Passes,
                ["passes", "last"] => CaseVerdict.PassesLast,
                _ => throw new FormatException($"{group}: '{name}' has the verdict '{string.Join(' ', verdict)}'."),
            };
            int[] statuses = kind <= CaseVerdict.Cut ? [.. verdict.Skip(1).Select(status => int.Parse(status, CultureInfo.InvariantCulture))] : [];
            return new(group, name, [.. _sent], kind, statuses, _passed.ToString());
        }

        private string Bytes(string text)
        {
            while (Name().IsMatch(text)) text = Name().Replace(text, match => _names[match.Groups[1].Value]);
            text = Repeat().Replace(text, match => new string(match.Groups[2].Value[0], int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)));
            return Escape().Replace(text, match => match.Value[1] switch
            {
                'r' => "\r",
                'n' => "\n",
                't' => "\t",
                '\\' => "\\",
                _ => ((char)int.Parse(match.Value.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
            });
        }
    }

    [GeneratedRegex(@"\{([a-z]+)\}")]
    private static partial Regex Name();

    [GeneratedRegex(@"\{(\d+)\*(.)\}")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\\(r|n|t|\\|x[0-9a-fA-F]{2})")]
    private static partial Regex Escape();
}
