using System.Globalization;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;

namespace Ambient.ControlPlane.Indexing.Policies;

internal enum MatchOutcome
{
    Test,

    /// <summary>No condition is left: it holds for every connection.</summary>
    Anything,

    /// <summary>It holds for none.</summary>
    Nothing,
}

/// <summary>
/// A match in the making. An unreadable value: where we allow, it matches nothing; where we deny, it might be anything, so its
/// list puts no condition, and an exclusion by it excludes nobody.
/// </summary>
/// <param name="report">Told the field and the value that cannot be read.</param>
internal sealed class MatchDraft(bool denies, TrustDomains domains, Action<string, string> report)
{
    private const int LongestName = 2048;

    private PolicyMatch _match = new();
    private bool _impossible;

    /// <summary>True if nothing at all was given.</summary>
    public bool IsUntouched { get; private set; } = true;

    public bool HasRequestAttributes { get; private set; }

    public MatchOutcome Outcome => _impossible ? MatchOutcome.Nothing : _match.IsEmpty ? (denies ? MatchOutcome.Anything : MatchOutcome.Nothing) : MatchOutcome.Test;

    public PolicyMatch ToMatch() => _match;

    /// <summary>Something was given that this match does not test.</summary>
    public void LeaveOut(bool isRequestAttribute)
    {
        IsUntouched = false;
        HasRequestAttributes |= isRequestAttribute;
    }

    public void Principals(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _match = _match with
    {
        Principals = domains.Expand(Merge(_match.Principals, values, field, Pattern)),
        NotPrincipals = domains.Expand(MergeNot(_match.NotPrincipals, notValues, notField, Pattern)),
    };

    public void Namespaces(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _match = _match with
    {
        Namespaces = Merge(_match.Namespaces, values, field, Pattern),
        NotNamespaces = MergeNot(_match.NotNamespaces, notValues, notField, Pattern),
    };

    public void ServiceAccounts(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string ns, string field, string notField) =>
        _match = _match with
        {
            ServiceAccounts = Merge(_match.ServiceAccounts, values, field, text => Account(text, ns)),
            NotServiceAccounts = MergeNot(_match.NotServiceAccounts, notValues, notField, text => Account(text, ns)),
        };

    public void SourceIps(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _match = _match with
    {
        SourceIps = Merge(_match.SourceIps, values, field, Range),
        NotSourceIps = MergeNot(_match.NotSourceIps, notValues, notField, Range),
    };

    public void DestinationIps(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _match = _match with
    {
        DestinationIps = Merge(_match.DestinationIps, values, field, Range),
        NotDestinationIps = MergeNot(_match.NotDestinationIps, notValues, notField, Range),
    };

    public void Ports(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _match = _match with
    {
        DestinationPorts = Merge(_match.DestinationPorts, values, field, Port),
        NotDestinationPorts = MergeNot(_match.NotDestinationPorts, notValues, notField, Port),
    };

    private EquatableArray<T> Merge<T>(EquatableArray<T> before, IReadOnlyList<string>? values, string field, Func<string, T?> read) where T : struct
    {
        if (values is not { Count: > 0 }) return before;
        var (good, allRead) = ReadAll(values, field, read);
        if (denies && !allRead) return before;
        if (good.Count == 0) _impossible = true;
        return good.ToEquatableArray();
    }

    private EquatableArray<T> MergeNot<T>(EquatableArray<T> before, IReadOnlyList<string>? values, string field, Func<string, T?> read) where T : struct
    {
        if (values is not { Count: > 0 }) return before;
        var (good, allRead) = ReadAll(values, field, read);
        if (!denies && !allRead) _impossible = true;
        return good.ToEquatableArray();
    }

    private (List<T> Read, bool All) ReadAll<T>(IReadOnlyList<string> values, string field, Func<string, T?> read) where T : struct
    {
        IsUntouched = false;
        var good = new List<T>(values.Count);
        foreach (var (index, text) in values.Index())
        {
            if (text is not null && read(text) is { } value) good.Add(value);
            else report($"{field}[{index}]", Findings.Quote(text));
        }
        return (good, good.Count == values.Count);
    }

    /// <summary><c>*</c>, <c>*suffix</c>, <c>prefix*</c> or the exact text. No name has a '*' within, and principals have no scheme.</summary>
    private static StringMatcher? Pattern(string text)
    {
        if (text == "*") return StringMatcher.Presence;
        if (text.Length is 0 or > LongestName || text.Contains("://", StringComparison.Ordinal)) return null;
        var isSuffix = text[0] == '*';
        var isPrefix = !isSuffix && text[^1] == '*';
        var literal = isSuffix ? text[1..] : isPrefix ? text[..^1] : text;
        if (literal.Contains('*')) return null;
        return isSuffix ? StringMatcher.Suffix(literal) : isPrefix ? StringMatcher.Prefix(literal) : StringMatcher.Exact(literal);
    }

    /// <summary><c>namespace/name</c>, or a name in the policy's own namespace; exact only.</summary>
    private static ServiceAccountName? Account(string text, string ns)
    {
        if (text.Length > LongestName || text.Contains('*')) return null;
        return text.Split('/') switch
        {
            [{ Length: > 0 } name] => new(ns, name),
            [{ Length: > 0 } other, { Length: > 0 } name] => new(other, name),
            _ => null,
        };
    }

    private static IpPrefix? Range(string text) => IpPrefix.TryParse(text, out var range) ? range : null;

    private static ushort? Port(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0 ? port : null;
}
