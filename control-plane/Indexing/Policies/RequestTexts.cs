using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;
using Ambient.Model.Policies;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>Texts of policies that attributes of requests are compared with. Pure.</summary>
internal static class RequestTexts
{
    private const string Segment = "{*}", Rest = "{**}";
    private const int Longest = 2048;

    public static bool TryText(string text, [MaybeNullWhen(false)] out TextMatch match) => TryText(text, false, out match);

    /// <summary>Without case.</summary>
    public static bool TryHost(string text, [MaybeNullWhen(false)] out TextMatch match) => TryText(text, true, out match);

    /// <summary>As other texts, or a template: <c>{*}</c> stands for one segment, <c>{**}</c> for any number of them, and for nothing after it.</summary>
    public static bool TryPath(string text, [MaybeNullWhen(false)] out TextMatch match)
    {
        match = null;
        if (!text.AsSpan().ContainsAny('{', '}')) return TryText(text, out match);
        if (!text.StartsWith('/') || PatternOf(text[1..].Split('/')) is not { Length: <= TextMatch.MaxPattern } pattern) return false;
        match = TextMatch.Regex(pattern);
        return true;
    }

    /// <returns>Null if an operator is not a segment of its own, comes after the last that may, or stands beside a star.</returns>
    private static string? PatternOf(string[] segments)
    {
        var (pattern, isOver) = (new StringBuilder(), false);
        foreach (var (index, segment) in segments.Index())
        {
            if (segment is Segment or Rest && isOver) return null;
            isOver |= segment == Rest;
            switch (segment)
            {
                case Segment: pattern.Append("/[^/]+"); break;
                case Rest when index == segments.Length - 1: pattern.Append("/.*"); break;
                case Rest: pattern.Append("(?:/.*)?"); break; // no segment at all will do
                case var literal when literal.AsSpan().ContainsAny('{', '}', '*'): return null;
                default: pattern.Append('/').Append(Regex.Escape(segment)); break;
            }
        }
        return pattern.ToString();
    }

    private static bool TryText(string text, bool ignoreCase, [MaybeNullWhen(false)] out TextMatch match)
    {
        match = TextMatch.NotEmpty;
        if (text == "*") return true;
        if (text.Length > Longest || !StarPattern.TryRead(text, out var kind, out var literal)) return false;
        match = kind switch
        {
            StringMatchKind.Suffix => TextMatch.Suffix(literal, ignoreCase),
            StringMatchKind.Prefix => TextMatch.Prefix(literal, ignoreCase),
            _ => TextMatch.Exact(literal, ignoreCase),
        };
        return true;
    }
}
