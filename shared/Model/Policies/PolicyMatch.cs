using Ambient.Model.Addresses;
using Ambient.Model.Routes;

namespace Ambient.Model.Policies;

/// <summary>The namespace and service account of an identity, whatever its trust domain.</summary>
public readonly record struct ServiceAccountName(string Namespace, string Name);

/// <summary>
/// Tests of one connection's attributes. All groups must hold (AND); within a list one value must hit (OR), within its
/// <c>Not</c> list none may. Without any value it never matches.
/// </summary>
public sealed record PolicyMatch
{
    public EquatableArray<StringMatcher> Namespaces { get; init; }
    public EquatableArray<StringMatcher> NotNamespaces { get; init; }

    /// <summary>Compared with the id without its scheme: <c>cluster.local/ns/shop/sa/web</c>.</summary>
    public EquatableArray<StringMatcher> Principals { get; init; }
    public EquatableArray<StringMatcher> NotPrincipals { get; init; }

    public EquatableArray<ServiceAccountName> ServiceAccounts { get; init; }
    public EquatableArray<ServiceAccountName> NotServiceAccounts { get; init; }

    public EquatableArray<IpPrefix> SourceIps { get; init; }
    public EquatableArray<IpPrefix> NotSourceIps { get; init; }

    public EquatableArray<IpPrefix> DestinationIps { get; init; }
    public EquatableArray<IpPrefix> NotDestinationIps { get; init; }

    /// <summary>Ports of the application, not of the service.</summary>
    public EquatableArray<ushort> DestinationPorts { get; init; }
    public EquatableArray<ushort> NotDestinationPorts { get; init; }

    /// <summary>Tests of the request besides; null for none.</summary>
    public RequestMatch? Request { get; init; }

    public bool IsEmpty =>
        Request is null && Namespaces.IsEmpty && NotNamespaces.IsEmpty && Principals.IsEmpty && NotPrincipals.IsEmpty
        && ServiceAccounts.IsEmpty && NotServiceAccounts.IsEmpty && SourceIps.IsEmpty && NotSourceIps.IsEmpty
        && DestinationIps.IsEmpty && NotDestinationIps.IsEmpty && DestinationPorts.IsEmpty && NotDestinationPorts.IsEmpty;

    /// <param name="assumed">What tests of a request say where there is only a connection.</param>
    public bool IsMatch(in ConnectionAttributes connection, in RouteRequest request = default, bool assumed = false)
    {
        if (IsEmpty) return false;
        if (Request is not null && !(request.IsAbsent ? assumed : Request.IsMatch(request))) return false;
        var id = connection.SourceIdentity;
        return HitsAny(DestinationIps, connection.Destination, whenEmpty: true)
            && !HitsAny(NotDestinationIps, connection.Destination, whenEmpty: false)
            && HitsAny(SourceIps, connection.Source, whenEmpty: true)
            && !HitsAny(NotSourceIps, connection.Source, whenEmpty: false)
            && HitsAny(DestinationPorts, connection.DestinationPort, whenEmpty: true)
            && !HitsAny(NotDestinationPorts, connection.DestinationPort, whenEmpty: false)
            && HitsAny(ServiceAccounts, id, whenEmpty: true)
            && !HitsAny(NotServiceAccounts, id, whenEmpty: false)
            && HitsAny(Principals, id is null ? default : id.Principal, whenEmpty: true)
            && !HitsAny(NotPrincipals, id is null ? default : id.Principal, whenEmpty: false)
            && HitsAny(Namespaces, id?.Namespace, whenEmpty: true)
            && !HitsAny(NotNamespaces, id?.Namespace, whenEmpty: false);
    }

    private static bool HitsAny(EquatableArray<IpPrefix> ranges, IpBits address, bool whenEmpty)
    {
        foreach (var range in ranges)
            if (range.Contains(address)) return true;
        return whenEmpty && ranges.IsEmpty;
    }

    private static bool HitsAny(EquatableArray<ushort> ports, ushort port, bool whenEmpty) =>
        ports.AsSpan().Contains(port) || (whenEmpty && ports.IsEmpty);

    private static bool HitsAny(EquatableArray<StringMatcher> matchers, ReadOnlySpan<char> value, bool whenEmpty)
    {
        foreach (var matcher in matchers)
            if (matcher.IsMatch(value)) return true;
        return whenEmpty && matchers.IsEmpty;
    }

    private static bool HitsAny(EquatableArray<ServiceAccountName> accounts, Identities.SpiffeId? id, bool whenEmpty)
    {
        if (accounts.IsEmpty) return whenEmpty;
        if (id is null) return false;
        foreach (var account in accounts)
            if (account.Namespace == id.Namespace && account.Name == id.ServiceAccount) return true;
        return false;
    }
}

/// <summary>Matches of which one must hold (OR); holds if there are none.</summary>
public sealed record PolicyClause(EquatableArray<PolicyMatch> Matches)
{
    public bool IsMatch(in ConnectionAttributes connection, in RouteRequest request = default, bool assumed = false)
    {
        foreach (var match in Matches)
            if (match.IsMatch(connection, request, assumed)) return true;
        return Matches.IsEmpty;
    }
}

/// <summary>Clauses that must all hold (AND); holds if there are none.</summary>
public sealed record PolicyRule(EquatableArray<PolicyClause> Clauses)
{
    public bool IsMatch(in ConnectionAttributes connection, in RouteRequest request = default, bool assumed = false)
    {
        foreach (var clause in Clauses)
            if (!clause.IsMatch(connection, request, assumed)) return false;
        return true;
    }
}
