using System.Globalization;
using System.Text;
using Ambient.Footprint.Deployments;

namespace Ambient.Footprint.Report;

/// <summary>Draws the memory of a node's proxies as bars, a group for each number of pods, on a scale of powers of ten.</summary>
internal static class FootprintChart
{
    private const int Width = 760, Height = 360, Left = 60, Bottom = 60, Top = 40;
    private const double PlotHeight = Height - Top - Bottom, PlotWidth = Width - Left - 20;

    private static readonly (MeshKind Kind, string Colour)[] Bars =
    [
        (MeshKind.NginxSidecars, "#8a8f98"), (MeshKind.HaProxySidecars, "#b0855a"), (MeshKind.ZtunnelSidecars, "#6f8fc9"), (MeshKind.Ambient, "#2f9e6e"),
    ];

    public static string Draw(IReadOnlyList<int> pods)
    {
        var most = Math.Ceiling(Math.Log10(Bars.SelectMany(bar => pods.Select(count => Of(bar.Kind, count))).Max()));
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#808080\">");
        svg.AppendLine(CultureInfo.InvariantCulture, $"<title>Memory of a node's proxies by number of pods</title>");
        Text(svg, Left, 20, "start", "Memory of a node's proxies at rest, PSS in MiB (scale of powers of ten)");
        for (var power = 0; power <= most; power++) Line(svg, Y(Math.Pow(10, power), most), Math.Pow(10, power));
        for (var group = 0; group < pods.Count; group++) Group(svg, pods[group], Left + PlotWidth * group / pods.Count, PlotWidth / pods.Count, most);
        for (var i = 0; i < Bars.Length; i++) Legend(svg, i);
        return svg.AppendLine("</svg>").ToString();
    }

    private static void Group(StringBuilder svg, int pods, double left, double width, double most)
    {
        var bar = (width - 30) / Bars.Length;
        for (var i = 0; i < Bars.Length; i++)
        {
            var value = Of(Bars[i].Kind, pods);
            if (value <= 0) continue;
            var (x, y) = (left + 15 + i * bar, Y(value, most));
            svg.AppendLine(CultureInfo.InvariantCulture, $"<rect x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{bar - 4:0.#}\" height=\"{Top + PlotHeight - y:0.#}\" fill=\"{Bars[i].Colour}\"/>");
            Text(svg, x + (bar - 4) / 2, y - 4, "middle", value.ToString(value >= 100 ? "0" : "0.#", CultureInfo.InvariantCulture));
        }
        Text(svg, left + width / 2, Height - Bottom + 18, "middle", $"{pods} pods");
    }

    private static void Line(StringBuilder svg, double y, double value)
    {
        svg.AppendLine(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{Width - 20}\" y1=\"{y:0.#}\" y2=\"{y:0.#}\" stroke=\"#808080\" stroke-opacity=\"0.3\"/>");
        Text(svg, Left - 8, y + 4, "end", value.ToString("0", CultureInfo.InvariantCulture));
    }

    private static void Legend(StringBuilder svg, int i)
    {
        var x = Left + i * (PlotWidth / Bars.Length);
        svg.AppendLine(CultureInfo.InvariantCulture, $"<rect x=\"{x:0.#}\" y=\"{Height - 24}\" width=\"12\" height=\"12\" fill=\"{Bars[i].Colour}\"/>");
        Text(svg, x + 17, Height - 14, "start", Bars[i].Kind.Title());
    }

    private static double Of(MeshKind kind, int pods) => Figure.IdleMemory.Of(kind, pods).Median;

    private static double Y(double value, double most) => Top + PlotHeight * (1 - Math.Log10(Math.Max(1, value)) / most);

    private static void Text(StringBuilder svg, double x, double y, string anchor, string text) =>
        svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{text}</text>");
}
