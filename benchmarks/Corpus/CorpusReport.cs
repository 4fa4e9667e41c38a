using System.Text;
using Ambient.HttpCases;

namespace Ambient.Corpus;

/// <summary>What every proxy made of every case.</summary>
/// <param name="absent">Proxies that could not be asked.</param>
internal sealed class CorpusReport(IReadOnlyList<Contender> proxies, IReadOnlyList<string> absent)
{
    public const string Heading = "Results of `benchmarks/corpus.sh`";

    private readonly List<(MessageCase Case, IReadOnlyList<Outcome> Outcomes)> _rows = [];

    public void Add(MessageCase one, IReadOnlyList<Outcome> outcomes) => _rows.Add((one, outcomes));

    /// <summary>The chapter of the results: how often each passed on what is in doubt.</summary>
    public string Chapter() => $"""
        Written by the run itself: how many cases of malformed, ambiguous or merely odd messages each proxy passed on in a form that is in doubt for a reader
        who takes RFC 9112 by the letter. How it is done stands in [README.md](README.md).

        {TimeProvider.System.GetUtcNow():yyyy-MM-dd}. {string.Join("; ", proxies.Select(static one => one.Version).Where(static version => version.Length > 0))}.{Left()}

        {Summary()}
        """;

    public string Summary()
    {
        var text = new StringBuilder();
        AppendHead(text, "passed on in doubt, of");
        foreach (var group in _rows.GroupBy(static row => row.Case.Group)) AppendRow(text, $"{group.Count()} {group.Key}", Counts([.. group]));
        AppendRow(text, $"{_rows.Count} in all", Counts(_rows));
        return text.ToString();
    }

    /// <summary>What became of each case, with the reasons.</summary>
    public string Document()
    {
        var text = new StringBuilder();
        text.AppendLine("# What proxies pass on").AppendLine();
        text.AppendLine("In bold: what was passed on is in doubt, and why. *passed*: in a form with one meaning. *cut*: a beginning, whose receiver saw that it is not whole.");
        text.AppendLine("*waits*: a beginning, whose receiver still waited for the rest when we looked.").AppendLine().Append(Summary());
        foreach (var group in _rows.GroupBy(static row => row.Case.Group))
        {
            text.AppendLine().AppendLine($"## {group.Key}").AppendLine();
            AppendHead(text, "case");
            foreach (var (one, outcomes) in group) AppendRow(text, one.Name.Replace("|", "\\|", StringComparison.Ordinal), outcomes);
        }

        return text.ToString();
    }

    private string Left() => absent.Count == 0 ? "" : $"\nNot asked, because they are not installed: {string.Join(", ", absent)}.";

    private IEnumerable<int> Counts(List<(MessageCase Case, IReadOnlyList<Outcome> Outcomes)> rows) =>
        Enumerable.Range(0, proxies.Count).Select(at => rows.Count(row => row.Outcomes[at].Kind >= OutcomeKind.Doubtful));

    private void AppendHead(StringBuilder text, string first)
    {
        AppendRow(text, first, proxies.Select(static one => one.Name));
        text.AppendLine($"|---|{string.Concat(proxies.Select(static _ => "---:|"))}");
    }

    private static void AppendRow<T>(StringBuilder text, string first, IEnumerable<T> cells) => text.AppendLine($"| {first} | {string.Join(" | ", cells)} |");
}
