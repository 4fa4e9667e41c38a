using System.Globalization;
using System.Text;

namespace Ambient.Load.Results;

/// <summary>One line of a table: a figure, what it is called for people, and its unit.</summary>
internal sealed record Figure(string Name, string Title, string Unit, string Format = "0.##");

/// <summary>Samples as people read them.</summary>
internal static class FigureTable
{
    /// <summary>Median (least to most), one column for each of those compared.</summary>
    public static string Of(Samples samples, IEnumerable<Figure> figures, IReadOnlyList<string> compared)
    {
        var text = new StringBuilder();
        text.Append("| | unit | ").AppendJoin(" | ", compared).AppendLine(" |");
        text.Append("|---|---|").AppendJoin('|', compared.Select(_ => "---:")).AppendLine("|");
        foreach (var figure in figures)
            text.Append(CultureInfo.InvariantCulture, $"| {figure.Title} | {figure.Unit} | ")
                .AppendJoin(" | ", compared.Select(one => Cell(samples, one, figure))).AppendLine(" |");
        return text.ToString();
    }

    private static string Cell(Samples samples, string one, Figure figure)
    {
        if (!samples.Has(one, figure.Name)) return "–";
        var (least, most) = samples.Spread(one, figure.Name);
        var median = Text(samples.Median(one, figure.Name));
        return least == most ? median : $"{median} ({Text(least)}–{Text(most)})";

        string Text(double value) => value.ToString(figure.Format, CultureInfo.InvariantCulture);
    }
}
