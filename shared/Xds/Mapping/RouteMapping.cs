using Ambient.Model;
using Ambient.Model.Routes;
using Ambient.Model.Workloads;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>Routes between the model and the wire.</summary>
public static class RouteMapping
{
    private const int MaxRules = 4096, MaxMatches = 16_384, MaxServerNames = 1024;

    /// <summary>Equal routes give equal bytes.</summary>
    public static Wire.Route ToWire(Route route)
    {
        var wire = new Wire.Route
        {
            Kind = (Wire.RouteKind)route.Kind,
            Namespace = route.Namespace,
            Name = route.Name,
            CreatedMs = route.Created.ToUnixTimeMilliseconds(),
            OfVirtualService = route.IsOfVirtualService,
        };
        foreach (var parent in route.Parents) wire.Parents.Add(new Wire.Parent { Service = ToWire(parent.Service), Port = parent.Port });
        foreach (var rule in route.Rules)
        {
            var to = new Wire.Rule { Name = rule.Name, Action = RouteActionMapping.ToWire(rule.Action) };
            to.Matches.AddRange(rule.Matches.Select(ToWire));
            wire.Rules.Add(to);
        }
        return wire;
    }

    /// <exception cref="ArgumentException">It makes no sense; for the NACK.</exception>
    public static Route ToModel(Wire.Route wire, SharedValues pool)
    {
        if (!Enum.IsDefined((RouteKind)wire.Kind)) throw new ArgumentException($"the route kind {(int)wire.Kind} is not known");
        if (wire.Rules.Count > MaxRules || wire.Rules.Sum(static rule => rule.Matches.Count) > MaxMatches)
            throw new ArgumentException($"the route has {wire.Rules.Count} rules; at most {MaxRules} with {MaxMatches} matches in all are taken");
        return new()
        {
            Kind = (RouteKind)wire.Kind,
            Namespace = pool.Share(wire.Namespace),
            Name = wire.Name,
            Created = DateTimeOffset.FromUnixTimeMilliseconds(wire.CreatedMs),
            Parents = wire.Parents.Select(parent => new RouteParent(ToModel(parent.Service, pool), PortsMapping.ToPort(parent.Port))).ToEquatableArray(),
            Rules = wire.Rules.Select(rule => ToModel(rule, pool)).ToEquatableArray(),
            IsOfVirtualService = wire.OfVirtualService,
        };
    }

    internal static Wire.ServiceName ToWire(ServiceKey key) => new() { Namespace = key.Namespace, Hostname = key.Hostname };

    internal static ServiceKey ToModel(Wire.ServiceName? wire, SharedValues pool) => wire is { Hostname.Length: > 0 }
        ? new(pool.Share(wire.Namespace), pool.Share(wire.Hostname))
        : throw new ArgumentException("a service is referred to without a host name");

    private static RouteRule ToModel(Wire.Rule wire, SharedValues pool) => new(
        wire.Name, wire.Matches.Select(match => ToModel(match, pool)).ToEquatableArray(),
        RouteActionMapping.ToModel(wire.Action ?? throw new ArgumentException($"the rule '{wire.Name}' says not what to do"), pool));

    private static Wire.Match ToWire(RouteMatch match)
    {
        var wire = new Wire.Match
        {
            Path = match.Path.Equals(PathMatch.Any) ? null : new() { Kind = (Wire.PathKind)match.Path.Kind, Text = match.Path.Text, IgnoreCase = match.Path.IgnoreCase },
            Method = TextMapping.ToWire(match.Method),
            Scheme = TextMapping.ToWire(match.Scheme),
            Authority = TextMapping.ToWire(match.Authority),
            SourceNamespace = match.SourceNamespace ?? "",
            Port = match.Port,
        };
        foreach (var header in match.Headers)
            wire.Headers.Add(new Wire.NamedText { Name = header.Name, Value = TextMapping.ToWire(header.Value), Inverted = header.Inverted });
        foreach (var parameter in match.Query) wire.Query.Add(new Wire.NamedText { Name = parameter.Name, Value = TextMapping.ToWire(parameter.Value) });
        wire.ServerNames.Add(match.ServerNames);
        return wire;
    }

    private static RouteMatch ToModel(Wire.Match wire, SharedValues pool) => new()
    {
        Path = wire.Path is null ? PathMatch.Any : ToModel(wire.Path),
        Method = TextMapping.ToModel(wire.Method),
        Scheme = TextMapping.ToModel(wire.Scheme),
        Authority = TextMapping.ToModel(wire.Authority),
        Headers = wire.Headers.Select(header => new HeaderMatch(pool.Share(header.Name), ValueOf(header), header.Inverted)).ToEquatableArray(),
        Query = wire.Query.Select(parameter => new QueryMatch(pool.Share(parameter.Name), ValueOf(parameter))).ToEquatableArray(),
        SourceNamespace = wire.SourceNamespace.Length == 0 ? null : pool.Share(wire.SourceNamespace),
        Port = PortsMapping.ToPort(wire.Port),
        ServerNames = wire.ServerNames.Count <= MaxServerNames ? wire.ServerNames.Select(pool.Share).ToEquatableArray()
            : throw new ArgumentException($"a match has {wire.ServerNames.Count} names of servers; at most {MaxServerNames} are taken"),
    };

    private static PathMatch ToModel(Wire.Path wire) => wire.Kind switch
    {
        Wire.PathKind.PathExact => PathMatch.Exact(wire.Text, wire.IgnoreCase),
        Wire.PathKind.PathSegments => PathMatch.Segments(wire.Text),
        Wire.PathKind.PathPrefix => PathMatch.Prefix(wire.Text, wire.IgnoreCase),
        Wire.PathKind.PathRegex => PathMatch.Regex(wire.Text),
        _ => throw new ArgumentException($"a test of a path is of the kind {(int)wire.Kind}, which is not known"),
    };

    private static TextMatch ValueOf(Wire.NamedText wire) =>
        TextMapping.ToModel(wire.Value) ?? throw new ArgumentException($"the test of '{wire.Name}' says not what to compare with");
}
