using Ambient.Model;
using Ambient.Model.Policies;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>The names of the mesh's one trust domain.</summary>
/// <param name="names">Its own, and its aliases.</param>
internal sealed class TrustDomains(EquatableArray<string> names)
{
    /// <summary>A principal in one of the names stands for that principal in all of them. Others, and mere suffixes, stay as they are.</summary>
    public EquatableArray<StringMatcher> Expand(EquatableArray<StringMatcher> principals) => names.Count == 1
        ? principals
        : principals.SelectMany(InAll).Distinct().ToEquatableArray();

    private IEnumerable<StringMatcher> InAll(StringMatcher principal)
    {
        if (principal.Kind is not (StringMatchKind.Exact or StringMatchKind.Prefix)) return [principal];
        var end = principal.Text.IndexOf('/');
        if (end < 0 || !names.Contains(principal.Text[..end])) return [principal];
        var rest = principal.Text[end..];
        return names.Select(name => principal.Kind == StringMatchKind.Exact ? StringMatcher.Exact(name + rest) : StringMatcher.Prefix(name + rest));
    }
}
