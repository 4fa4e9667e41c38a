using Ambient.ControlPlane.Indexing.Graph;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using Ambient.Model.Workloads;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>What a route may have to do with besides itself.</summary>
internal interface IRouteSurroundings
{
    IndexOptions Options { get; }

    /// <returns>Null if there is no such service.</returns>
    MemberView? Find(TargetKey service);

    bool IsWaypoint(ObjectName gateway);

    /// <summary>True if the backend's namespace lets routes of that kind and namespace refer to it.</summary>
    bool IsGranted(RouteKind kind, string ns, TargetKey backend);

    /// <summary>The kind of route that has all ports of this parent to itself, for the same clients; null if this one is heard.</summary>
    RouteKind? ConflictOf(RouteFacts route, ParentFacts parent);
}

/// <summary>What becomes of a route at one of its parents.</summary>
/// <param name="Refusal">Null: accepted.</param>
/// <param name="Unresolved">A reference that leads nowhere; null if all are good.</param>
/// <param name="Dropped">What is not as written; empty if all is.</param>
internal sealed record ParentOutcome(ParentReference Reference, RouteRefusal? Refusal, RouteRefusal? Unresolved, EquatableArray<string> Dropped);

/// <param name="Route">What waypoints get; null if no parent accepts it.</param>
internal sealed record RoutePlan(Route? Route, EquatableArray<ParentOutcome> Outcomes);

/// <summary>Facts and surroundings → the route as waypoints learn it, and what its status says. Pure.</summary>
internal sealed class RouteBuilder(RouteFacts facts, IRouteSurroundings around)
{
    private RouteRefusal? _unresolved;

    public RoutePlan Build()
    {
        var rules = facts.Rules.Select(Resolve).ToEquatableArray();
        var refusals = facts.Parents.Where(parent => parent.Service.Kind != TargetKind.Gateway || around.IsWaypoint(parent.Service.Name)).Select(parent => (Parent: parent, Refusal: RefusalAt(facts, parent, around) ?? ConflictAt(parent))).ToList();
        var parents = refusals.Where(static one => one.Refusal is null).SelectMany(one => KeysOf(one.Parent)).Distinct().ToEquatableArray();
        var outcomes = refusals.Select(one => new ParentOutcome(
            one.Parent.Reference, one.Refusal, _unresolved, one.Refusal is null ? facts.Dropped : default)).ToEquatableArray();
        if (parents.IsEmpty) return new(null, outcomes);
        return new(new()
        {
            Kind = facts.Kind,
            Namespace = facts.Name.Namespace,
            Name = facts.Name.Name,
            Created = facts.Created,
            Parents = parents,
            Rules = rules,
        }, outcomes);
    }

    private IEnumerable<RouteParent> KeysOf(ParentFacts parent) =>
        around.Find(parent.Service) is { } service ? service.Hostnames.Select(host => new RouteParent(new(parent.Service.Name.Namespace, host), parent.PortOf(service))) : [];

    /// <summary>Why a route is not heard at a parent, whoever else is attached there; null if it is.</summary>
    public static RouteRefusal? RefusalAt(RouteFacts facts, ParentFacts parent, IRouteSurroundings around)
    {
        if (facts.Refusal is { } refusal) return refusal;
        if (parent.Service.Kind == TargetKind.Gateway)
            return new("NotAllowedByListeners", $"Gateway {parent.Service.Name} is a waypoint, which takes no routes of its own: name the Services or ServiceEntries behind it in parentRefs.");
        if (around.Find(parent.Service) is not { } service) return new("NoMatchingParent", $"{parent.Service.Kind} {parent.Service.Name} does not exist.");
        var ports = parent.PortsOf(service).ToList();
        if (ports.Count == 0) return new("NoMatchingParent", $"{parent.Service.Kind} {parent.Service.Name} has no port {parent.Reference.Port}{(parent.Section.Length > 0 ? $" of the name {Findings.Quote(parent.Section)}" : "")}.");
        if (IsOfRequests(facts) && ports.All(static port => port.Protocol is AppProtocol.Tcp or AppProtocol.Tls))
            return new("UnsupportedValue", $"Its port is declared to speak {ports[0].Protocol.ToString().ToUpperInvariant()}, so no requests are seen there.");
        return null;
    }

    private RouteRefusal? ConflictAt(ParentFacts parent) => around.ConflictOf(facts, parent) is not { } winner ? null
        : new("Conflicted", $"A {RouteReader.KindText(winner)} is attached to the same port of {parent.Service.Name}, and goes before.");

    private static bool IsOfRequests(RouteFacts facts) => facts.Kind is RouteKind.HttpRoute or RouteKind.GrpcRoute;

    private RouteRule Resolve(RuleFacts rule)
    {
        if (rule.MissingFilter is { } filter) Unresolved(new("InvalidKind", $"The filter {Findings.Quote(filter)} cannot be applied here; its requests are answered with 500."));
        // A copy that may not be made is not made; the request itself goes on.
        var mirrors = rule.Mirrors.Select(mirror => new Mirror(Resolve(mirror.Backend), mirror.Percent)).Where(static mirror => mirror.Backend.Invalid.Length == 0);
        return rule.Rule with
        {
            Action = rule.Rule.Action with { Backends = rule.Backends.Select(Resolve).ToEquatableArray(), Mirrors = mirrors.ToEquatableArray() },
        };
    }

    private RouteBackend Resolve(BackendFacts backend)
    {
        var service = backend.Target is { } target ? around.Find(target) : null;
        var problem = ProblemOf(backend, service);
        if (problem is not null) Unresolved(problem);
        return new()
        {
            Service = new(backend.Name.Namespace, service?.Hostnames[0] ?? ServiceReader.HostnameOf(backend.Name, around.Options)),
            Port = backend.Port,
            Weight = backend.Draft.Weight,
            RequestEdits = backend.Draft.RequestEdits,
            ResponseEdits = backend.Draft.ResponseEdits,
            Rewrite = backend.Draft.Rewrite,
            Redirect = problem is null ? backend.Draft.Redirect : null,
            Invalid = problem is null ? "" : $"{problem.Reason}: {problem.Message}",
        };
    }

    private RouteRefusal? ProblemOf(BackendFacts backend, MemberView? service)
    {
        if (backend.MissingFilter is { } filter) return new("InvalidKind", $"The filter {Findings.Quote(filter)} cannot be applied here.");
        if (backend.Target is not { } target) return new("InvalidKind", $"{Findings.Quote(backend.Kind)} is no backend: use Service or ServiceEntry.");
        // A route of a client's own leads where that client may go anyway; others need the backend's consent.
        if (!IsOwn(target.Name.Namespace) && !around.IsGranted(facts.Kind, facts.Name.Namespace, target))
            return new("RefNotPermitted", $"{target.Kind} {target.Name} is of another namespace, where no ReferenceGrant permits it.");
        if (service is null) return new("BackendNotFound", $"{target.Kind} {target.Name} does not exist.");
        if (!service.Ports.Any(port => port.Port == backend.Port)) return new("BackendNotFound", $"{target.Kind} {target.Name} has no port {backend.Port}.");
        return IsOfRequests(facts) && service.Ports.First(port => port.Port == backend.Port).Protocol == AppProtocol.Tls
            ? new("UnsupportedProtocol", $"Port {backend.Port} of {target.Kind} {target.Name} is declared to speak TLS, which waypoints do not begin.")
            : null;
    }

    private bool IsOwn(string ns) => ns == facts.Name.Namespace || facts.Parents.Any(parent => parent.Service.Kind != TargetKind.Gateway && parent.Service.Name.Namespace == ns);

    private void Unresolved(RouteRefusal problem) => _unresolved ??= problem;
}
