using System.Text;
using System.Text.RegularExpressions;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Filters;

/// <summary>Makes another path of a request's canonical one. Immutable; any thread.</summary>
internal sealed class TargetRewrite
{
    private readonly PathRewrite _rule;
    private readonly byte[] _text;
    private readonly Regex? _pattern;
    private readonly string _substitution;

    /// <exception cref="ArgumentException">The pattern is malformed, or needs backtracking.</exception>
    public TargetRewrite(PathRewrite rule)
    {
        (_rule, _text) = (rule, Encoding.UTF8.GetBytes(rule.Text));
        _substitution = SubstitutionOf(rule.Text);
        if (rule.Kind != PathRewriteKind.Regex) return;
        try { _pattern = new(rule.Pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant); }
        catch (NotSupportedException error)
        {
            throw new ArgumentException($"The regular expression '{rule.Pattern}' needs backtracking: {error.Message}", nameof(rule), error);
        }
    }

    /// <param name="path">Canonical, without query.</param>
    /// <param name="matched">What the route found in it, for <see cref="PathRewriteKind.Prefix"/>.</param>
    public byte[] Apply(ReadOnlySpan<byte> path, PathMatch matched)
    {
        var written = _rule.Kind switch
        {
            PathRewriteKind.Full => _text,
            PathRewriteKind.Regex => Encoding.UTF8.GetBytes(_pattern!.Replace(Encoding.UTF8.GetString(path), _substitution)),
            _ => ReplacePrefix(path, matched),
        };
        return written.Length == 0 ? [(byte)'/'] : written;
    }

    private byte[] ReplacePrefix(ReadOnlySpan<byte> path, PathMatch matched)
    {
        if (matched.Kind is PathMatchKind.Exact or PathMatchKind.Regex) return _text;
        var rest = path[Encoding.UTF8.GetByteCount(matched.Text)..];
        ReadOnlySpan<byte> text = matched.Kind == PathMatchKind.Segments ? _text.AsSpan().TrimEnd((byte)'/') : _text;
        return [.. text, .. rest];
    }

    // RE2 names groups with a backslash, .NET with a dollar sign.
    private static string SubstitutionOf(string text) => Regex.Replace(text.Replace("$", "$$", StringComparison.Ordinal), @"\\(\d)", "$${$1}");
}
