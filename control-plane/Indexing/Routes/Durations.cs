using System.Globalization;
using System.Text.RegularExpressions;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>Times as users write them: <c>1h30m</c>, <c>500ms</c>, and where fractions are allowed <c>1.5s</c>. Pure.</summary>
internal static partial class Durations
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>GEP-2257: whole numbers of up to five digits.</summary>
    /// <exception cref="UnusablePartException">Not of that form.</exception>
    public static TimeSpan OfGateway(string text) => Whole().IsMatch(text) ? Sum(text) : throw Wrong(text, "1h, 30s or 500ms");

    /// <summary>As Go and protocol buffers write them, without sign; at least a millisecond unless it is zero.</summary>
    /// <exception cref="UnusablePartException">Not of that form.</exception>
    public static TimeSpan OfIstio(string text) => Fractional().IsMatch(text) ? Sum(text) : throw Wrong(text, "1h, 1.5s or 500ms");

    private static TimeSpan Sum(string text)
    {
        var milliseconds = 0.0;
        foreach (Match part in Part().Matches(text))
            milliseconds += double.Parse(part.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * MillisecondsOf(part.Groups[2].Value);
        if (milliseconds is > 0 and < 1) throw new UnusablePartException($"{Findings.Quote(text)} is less than a millisecond.");
        return milliseconds <= Longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(Math.Floor(milliseconds))
            : throw new UnusablePartException($"{Findings.Quote(text)} is more than {Longest.TotalDays} days.");
    }

    private static double MillisecondsOf(string unit) => unit switch
    {
        "h" => 3_600_000,
        "m" => 60_000,
        "s" => 1000,
        "us" or "µs" => 0.001,
        "ns" => 0.000001,
        _ => 1,
    };

    private static UnusablePartException Wrong(string text, string example) => new($"{Findings.Quote(text)} is no duration: write it as {example}.");

    [GeneratedRegex(@"\A(?:[0-9]{1,5}(?:h|ms|m|s)){1,4}\z")]
    private static partial Regex Whole();

    [GeneratedRegex(@"\A(?:0|(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:h|ms|m|s|us|µs|ns)){1,6})\z")]
    private static partial Regex Fractional();

    [GeneratedRegex(@"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|us|µs|ns)")]
    private static partial Regex Part();
}
