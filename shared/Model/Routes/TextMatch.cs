using System.Text;
using System.Text.RegularExpressions;

namespace Ambient.Model.Routes;

public enum TextMatchKind : byte
{
    Exact,
    Prefix,
    Suffix,

    /// <summary>The whole text must match.</summary>
    Regex,

    /// <summary>Any text will do, the empty one too.</summary>
    Present,

    /// <summary>Any text but the empty one.</summary>
    NotEmpty,
}

/// <summary>A test of a header, a query parameter, a method or an authority. Immutable; equal if it asks the same.</summary>
/// <remarks>Regular expressions take time linear in the text (no backtracking) and are tried on at most <see cref="MaxRegexInput"/> bytes.</remarks>
public sealed record TextMatch
{
    public const int MaxRegexInput = 8192, MaxPattern = 1024;

    public static readonly TextMatch Present = new(TextMatchKind.Present, "", false);
    public static readonly TextMatch NotEmpty = new(TextMatchKind.NotEmpty, "", false);

    private readonly byte[] _bytes;
    private readonly Regex? _regex;

    private TextMatch(TextMatchKind kind, string text, bool ignoreCase)
    {
        (Kind, Text, IgnoreCase) = (kind, text, ignoreCase);
        _bytes = Encoding.UTF8.GetBytes(text);
        if (kind == TextMatchKind.Regex) _regex = WholeText(text);
    }

    public TextMatchKind Kind { get; }

    public string Text { get; }

    /// <summary>ASCII letters are compared without case; not for regular expressions.</summary>
    public bool IgnoreCase { get; }

    public static TextMatch Exact(string text, bool ignoreCase = false) => new(TextMatchKind.Exact, text, ignoreCase);

    public static TextMatch Prefix(string text, bool ignoreCase = false) => new(TextMatchKind.Prefix, text, ignoreCase);

    public static TextMatch Suffix(string text, bool ignoreCase = false) => new(TextMatchKind.Suffix, text, ignoreCase);

    /// <exception cref="ArgumentException">Longer than <see cref="MaxPattern"/>, malformed, or in need of backtracking (back references, look-around).</exception>
    public static TextMatch Regex(string pattern) => new(TextMatchKind.Regex, pattern, false);

    public bool IsMatch(ReadOnlySpan<byte> value) => Kind switch
    {
        TextMatchKind.Present => true,
        TextMatchKind.NotEmpty => !value.IsEmpty,
        TextMatchKind.Exact => value.Length == _bytes.Length && AreEqual(value),
        TextMatchKind.Prefix => value.Length >= _bytes.Length && AreEqual(value[.._bytes.Length]),
        TextMatchKind.Suffix => value.Length >= _bytes.Length && AreEqual(value[^_bytes.Length..]),
        _ => value.Length <= MaxRegexInput && _regex!.IsMatch(Encoding.UTF8.GetString(value)),
    };

    public bool Equals(TextMatch? other) => other is not null && (Kind, Text, IgnoreCase) == (other.Kind, other.Text, other.IgnoreCase);

    public override int GetHashCode() => HashCode.Combine(Kind, Text, IgnoreCase);

    public override string ToString() => $"{Kind} '{Text}'{(IgnoreCase ? " without case" : "")}";

    private bool AreEqual(ReadOnlySpan<byte> value) => IgnoreCase ? Ascii.EqualsIgnoreCase(value, _bytes) : value.SequenceEqual(_bytes);

    private static Regex WholeText(string pattern)
    {
        if (pattern.Length > MaxPattern)
            throw new ArgumentException($"A regular expression of {pattern.Length} characters; at most {MaxPattern} are taken.", nameof(pattern));
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant); // alone it must be one, too: "a)|(b" is not
            return new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (NotSupportedException error)
        {
            throw new ArgumentException($"The regular expression '{pattern}' needs backtracking: {error.Message}", nameof(pattern), error);
        }
    }
}
