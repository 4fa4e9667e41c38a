using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.Routes;

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

    private static readonly RequestMatch NoRequest = new();

    private delegate bool TryRead<T>(string text, [MaybeNullWhen(false)] out T value);

    private PolicyMatch _match = new();
    private RequestMatch _request = NoRequest;
    private bool _impossible;

    /// <summary>True if nothing at all was given.</summary>
    public bool IsUntouched { get; private set; } = true;

    public bool HasRequestAttributes { get; private set; }

    public MatchOutcome Outcome => _impossible ? MatchOutcome.Nothing : ToMatch().IsEmpty ? (denies ? MatchOutcome.Anything : MatchOutcome.Nothing) : MatchOutcome.Test;

    public PolicyMatch ToMatch() => _request == NoRequest ? _match : _match with { Request = _request };

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
            ServiceAccounts = Merge(_match.ServiceAccounts, values, field, Account(ns)),
            NotServiceAccounts = MergeNot(_match.NotServiceAccounts, notValues, notField, Account(ns)),
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

    public void Hosts(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _request = _request with
    {
        Hosts = Merge(_request.Hosts, values, field, RequestTexts.TryHost),
        NotHosts = MergeNot(_request.NotHosts, notValues, notField, RequestTexts.TryHost),
    };

    public void Methods(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _request = _request with
    {
        Methods = Merge(_request.Methods, values, field, RequestTexts.TryText),
        NotMethods = MergeNot(_request.NotMethods, notValues, notField, RequestTexts.TryText),
    };

    public void Paths(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _request = _request with
    {
        Paths = Merge(_request.Paths, values, field, RequestTexts.TryPath),
        NotPaths = MergeNot(_request.NotPaths, notValues, notField, RequestTexts.TryPath),
    };

    public void RemoteIps(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField) => _request = _request with
    {
        RemoteIps = Merge(_request.RemoteIps, values, field, Range),
        NotRemoteIps = MergeNot(_request.NotRemoteIps, notValues, notField, Range),
    };

    /// <param name="name">Lower case.</param>
    public void Header(string name, IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string field, string notField)
    {
        var condition = new HeaderCondition(name, Merge<TextMatch>(default, values, field, RequestTexts.TryText), MergeNot<TextMatch>(default, notValues, notField, RequestTexts.TryText));
        if (!condition.Values.IsEmpty || !condition.NotValues.IsEmpty) _request = _request with { Headers = [.. _request.Headers, condition] };
    }

    private EquatableArray<T> Merge<T>(EquatableArray<T> before, IReadOnlyList<string>? values, string field, TryRead<T> read)
    {
        if (values is not { Count: > 0 }) return before;
        var (good, allRead) = ReadAll(values, field, read);
        if (denies && !allRead) return before;
        if (good.Count == 0) _impossible = true;
        return good.ToEquatableArray();
    }

    private EquatableArray<T> MergeNot<T>(EquatableArray<T> before, IReadOnlyList<string>? values, string field, TryRead<T> read)
    {
        if (values is not { Count: > 0 }) return before;
        var (good, allRead) = ReadAll(values, field, read);
        if (!denies && !allRead) _impossible = true;
        return good.ToEquatableArray();
    }

    private (List<T> Read, bool All) ReadAll<T>(IReadOnlyList<string> values, string field, TryRead<T> read)
    {
        IsUntouched = false;
        var good = new List<T>(values.Count);
        foreach (var (index, text) in values.Index())
        {
            if (text is not null && read(text, out var value)) good.Add(value);
            else report($"{field}[{index}]", Findings.Quote(text));
        }
        return (good, good.Count == values.Count);
    }

    /// <summary><c>*</c>, <c>*suffix</c>, <c>prefix*</c> or the exact text. No name has a '*' within, and principals have no scheme.</summary>
    private static bool Pattern(string text, out StringMatcher matcher)
    {
        matcher = StringMatcher.Presence;
        if (text == "*") return true;
        if (text.Length > LongestName || text.Contains("://", StringComparison.Ordinal) || !StarPattern.TryRead(text, out var kind, out var literal)) return false;
        matcher = kind switch
        {
            StringMatchKind.Suffix => StringMatcher.Suffix(literal),
            StringMatchKind.Prefix => StringMatcher.Prefix(literal),
            _ => StringMatcher.Exact(literal),
        };
        return true;
    }

    /// <summary><c>namespace/name</c>, or a name in the policy's own namespace; exact only.</summary>
    private static TryRead<ServiceAccountName> Account(string ns) => (string text, out ServiceAccountName account) =>
    {
        account = text.Split('/') switch
        {
            [{ Length: > 0 } name] => new(ns, name),
            [{ Length: > 0 } other, { Length: > 0 } name] => new(other, name),
            _ => default,
        };
        return account != default && text.Length <= LongestName && !text.Contains('*');
    };

    private static bool Range(string text, out IpPrefix range) => IpPrefix.TryParse(text, out range);

    private static bool Port(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0;
}
