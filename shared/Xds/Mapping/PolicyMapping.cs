using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Wire = Ambient.Protos.Security;

namespace Ambient.Xds.Mapping;

/// <summary>Authorization policies between the model and the wire.</summary>
public static class PolicyMapping
{
    /// <summary>A policy that could not be read is sent as what it stands for: a DENY of everything, an ALLOW of nothing.</summary>
    public static Wire.Authorization ToWire(AuthorizationPolicy policy)
    {
        var wire = new Wire.Authorization
        {
            Name = policy.Name,
            Namespace = policy.Namespace,
            Scope = (Wire.Scope)policy.Scope,
            Action = (Wire.Action)policy.Action,
            DryRun = policy.DryRun,
            RequiredWaypoint = policy.RequiredWaypoint ?? "",
        };
        if (policy.Fault is not null)
        {
            if (policy.Action == PolicyAction.Deny) wire.Groups.Add(new Wire.Group());
            return wire;
        }
        foreach (var rule in policy.Rules)
        {
            var group = new Wire.Group();
            foreach (var clause in rule.Clauses)
            {
                var rules = new Wire.Rules();
                foreach (var match in clause.Matches) rules.Matches.Add(ToWire(match));
                group.Rules.Add(rules);
            }
            wire.Groups.Add(group);
        }
        return wire;
    }

    /// <summary>
    /// A matcher that cannot be read makes the whole policy <see cref="AuthorizationPolicy.Malformed"/>, which errs on the closed side: leaving
    /// it out would widen what an ALLOW lets in or narrow what a DENY keeps out.
    /// </summary>
    /// <exception cref="ArgumentException">What it applies to, or which way, is not known: nothing can stand for it. For the NACK.</exception>
    /// <param name="mayTestRequests">False where only connections are seen: tests of requests cannot be honoured there.</param>
    public static AuthorizationPolicy ToModel(Wire.Authorization wire, SharedValues pool, bool mayTestRequests = false)
    {
        var scope = wire.Scope is >= Wire.Scope.Global and <= Wire.Scope.WorkloadSelector
            ? (PolicyScope)wire.Scope : throw new ArgumentException($"the policy scope {(int)wire.Scope} is not known");
        var action = wire.Action is Wire.Action.Allow or Wire.Action.Deny
            ? (PolicyAction)wire.Action : throw new ArgumentException($"the policy action {(int)wire.Action} is not known");
        try
        {
            if (!mayTestRequests && TestsRequests(wire)) throw new ArgumentException("the policy tests requests, which are not seen here");
            return new()
            {
                Name = wire.Name,
                Namespace = pool.Share(wire.Namespace),
                Scope = scope,
                Action = action,
                Rules = wire.Groups.Select(group => ToModel(group, pool)).ToEquatableArray(),
                DryRun = wire.DryRun,
                RequiredWaypoint = wire.RequiredWaypoint.Length > 0 ? pool.Share(wire.RequiredWaypoint) : null,
            };
        }
        catch (ArgumentException exception)
        {
            var malformed = AuthorizationPolicy.Malformed(pool.Share(wire.Namespace), wire.Name, scope, action, exception.Message);
            return malformed with { DryRun = wire.DryRun };
        }
    }

    private static bool TestsRequests(Wire.Authorization wire) =>
        wire.Groups.Any(static group => group.Rules.Any(static rules => rules.Matches.Any(static match => match.Request is not null)));

    private static PolicyRule ToModel(Wire.Group group, SharedValues pool) =>
        new(group.Rules.Select(rules => new PolicyClause(rules.Matches.Select(match => ToModel(match, pool)).ToEquatableArray())).ToEquatableArray());

    private static Wire.Match ToWire(PolicyMatch match)
    {
        var wire = new Wire.Match();
        Add(wire.Namespaces, match.Namespaces);
        Add(wire.NotNamespaces, match.NotNamespaces);
        Add(wire.Principals, match.Principals);
        Add(wire.NotPrincipals, match.NotPrincipals);
        Add(wire.SourceIps, match.SourceIps);
        Add(wire.NotSourceIps, match.NotSourceIps);
        Add(wire.DestinationIps, match.DestinationIps);
        Add(wire.NotDestinationIps, match.NotDestinationIps);
        foreach (var port in match.DestinationPorts) wire.DestinationPorts.Add(port);
        foreach (var port in match.NotDestinationPorts) wire.NotDestinationPorts.Add(port);
        Add(wire.ServiceAccounts, match.ServiceAccounts);
        Add(wire.NotServiceAccounts, match.NotServiceAccounts);
        wire.Request = RequestMatchMapping.ToWire(match.Request);
        return wire;
    }

    private static PolicyMatch ToModel(Wire.Match wire, SharedValues pool) => new()
    {
        Namespaces = ToModel(wire.Namespaces, pool),
        NotNamespaces = ToModel(wire.NotNamespaces, pool),
        Principals = ToModel(wire.Principals, pool),
        NotPrincipals = ToModel(wire.NotPrincipals, pool),
        SourceIps = ToModel(wire.SourceIps),
        NotSourceIps = ToModel(wire.NotSourceIps),
        DestinationIps = ToModel(wire.DestinationIps),
        NotDestinationIps = ToModel(wire.NotDestinationIps),
        DestinationPorts = wire.DestinationPorts.Select(PortsMapping.ToPort).ToEquatableArray(),
        NotDestinationPorts = wire.NotDestinationPorts.Select(PortsMapping.ToPort).ToEquatableArray(),
        ServiceAccounts = ToModel(wire.ServiceAccounts, pool),
        NotServiceAccounts = ToModel(wire.NotServiceAccounts, pool),
        Request = RequestMatchMapping.ToModel(wire.Request, pool),
    };

    private static void Add(RepeatedField<Wire.StringMatch> wire, EquatableArray<StringMatcher> matchers)
    {
        foreach (var matcher in matchers)
        {
            wire.Add(matcher.Kind switch
            {
                StringMatchKind.Exact => new() { Exact = matcher.Text },
                StringMatchKind.Prefix => new() { Prefix = matcher.Text },
                StringMatchKind.Suffix => new() { Suffix = matcher.Text },
                _ => new Wire.StringMatch { Presence = new Empty() },
            });
        }
    }

    private static EquatableArray<StringMatcher> ToModel(RepeatedField<Wire.StringMatch> wire, SharedValues pool) =>
        wire.Select(match => match.MatchTypeCase switch
        {
            Wire.StringMatch.MatchTypeOneofCase.Exact => StringMatcher.Exact(pool.Share(match.Exact)),
            Wire.StringMatch.MatchTypeOneofCase.Prefix => StringMatcher.Prefix(pool.Share(match.Prefix)),
            Wire.StringMatch.MatchTypeOneofCase.Suffix => StringMatcher.Suffix(pool.Share(match.Suffix)),
            Wire.StringMatch.MatchTypeOneofCase.Presence => StringMatcher.Presence,
            _ => throw new ArgumentException("a string matcher is of a kind that is not known"),
        }).ToEquatableArray();

    private static void Add(RepeatedField<Wire.Address> wire, EquatableArray<IpPrefix> ranges)
    {
        foreach (var range in ranges) wire.Add(ToWire(range));
    }

    internal static Wire.Address ToWire(IpPrefix range) => new() { Address_ = AddressMapping.ToWire(range.Address), Length = (uint)range.Length };

    internal static EquatableArray<IpPrefix> ToModel(RepeatedField<Wire.Address> wire) =>
        wire.Select(static range => AddressMapping.ToPrefix(range.Address_, range.Length)).ToEquatableArray();

    private static void Add(RepeatedField<Wire.ServiceAccountMatch> wire, EquatableArray<ServiceAccountName> accounts)
    {
        foreach (var account in accounts)
            wire.Add(new Wire.ServiceAccountMatch { Namespace = account.Namespace, ServiceAccount = account.Name });
    }

    private static EquatableArray<ServiceAccountName> ToModel(RepeatedField<Wire.ServiceAccountMatch> wire, SharedValues pool) =>
        wire.Select(account => account.Namespace.Length > 0 && account.ServiceAccount.Length > 0
            ? new ServiceAccountName(pool.Share(account.Namespace), pool.Share(account.ServiceAccount))
            : throw new ArgumentException("a service account matcher lacks the namespace or the account")).ToEquatableArray();
}
