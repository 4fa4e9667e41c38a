namespace Ambient.Model.Policies;

public enum StringMatchKind { Exact, Prefix, Suffix, Presence }

/// <summary>A test of a text; case matters. A text that is absent (a caller without identity) passes none.</summary>
public readonly record struct StringMatcher
{
    private StringMatcher(StringMatchKind kind, string text)
    {
        Kind = kind;
        Text = text;
    }

    public StringMatchKind Kind { get; }

    /// <summary>What is compared; empty for <see cref="StringMatchKind.Presence"/> only.</summary>
    public string Text => field ?? "";

    /// <summary>Any text but the empty one.</summary>
    public static readonly StringMatcher Presence = new(StringMatchKind.Presence, "");

    /// <exception cref="ArgumentException"><paramref name="text"/> is empty: see <see cref="Prefix"/>.</exception>
    public static StringMatcher Exact(string text) => new(StringMatchKind.Exact, RefuseEmpty(text));

    /// <exception cref="ArgumentException">
    /// <paramref name="text"/> is empty. An empty prefix would also match a caller without identity, which nobody means;
    /// <see cref="Presence"/> says "any identity".
    /// </exception>
    public static StringMatcher Prefix(string text) => new(StringMatchKind.Prefix, RefuseEmpty(text));

    /// <exception cref="ArgumentException"><paramref name="text"/> is empty: see <see cref="Prefix"/>.</exception>
    public static StringMatcher Suffix(string text) => new(StringMatchKind.Suffix, RefuseEmpty(text));

    public bool IsMatch(ReadOnlySpan<char> value) => Kind switch
    {
        StringMatchKind.Presence => !value.IsEmpty,
        StringMatchKind.Prefix => !value.IsEmpty && value.StartsWith(Text, StringComparison.Ordinal),
        StringMatchKind.Suffix => !value.IsEmpty && value.EndsWith(Text, StringComparison.Ordinal),
        _ => !value.IsEmpty && value.SequenceEqual(Text),
    };

    public override string ToString() => Kind switch
    {
        StringMatchKind.Presence => "*",
        StringMatchKind.Prefix => $"{Text}*",
        StringMatchKind.Suffix => $"*{Text}",
        _ => Text,
    };

    private static string RefuseEmpty(string text) => text.Length > 0
        ? text
        : throw new ArgumentException("A string matcher with an empty text matches nothing that was meant; to match any, use presence.");
}
