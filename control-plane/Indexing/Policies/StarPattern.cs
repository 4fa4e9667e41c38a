using Ambient.Model.Policies;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>Texts of policies with a star at one end: <c>*suffix</c>, <c>prefix*</c>, or none for the text itself. Pure.</summary>
internal static class StarPattern
{
    /// <param name="literal">What is to be found; never empty.</param>
    /// <returns>False for a lone star, an empty text, and one with a star elsewhere.</returns>
    public static bool TryRead(string text, out StringMatchKind kind, out string literal)
    {
        var isSuffix = text.StartsWith('*');
        var isPrefix = !isSuffix && text.EndsWith('*');
        kind = isSuffix ? StringMatchKind.Suffix : isPrefix ? StringMatchKind.Prefix : StringMatchKind.Exact;
        literal = isSuffix ? text[1..] : isPrefix ? text[..^1] : text;
        return literal.Length > 0 && !literal.Contains('*');
    }
}
