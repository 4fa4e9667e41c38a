using Ambient.ControlPlane.Indexing.Graph;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>A route of Gateway API, read and checked by itself: what it refers to is not looked up yet.</summary>
/// <param name="Created">Who came first decides between routes.</param>
/// <param name="Parents">Services, ServiceEntries and Gateways; other parents are other controllers' business, and so are Gateways that are no waypoints.</param>
/// <param name="Rules">Those that can be honoured, and those that answer with an error because they cannot.</param>
/// <param name="Refusal">Why it is not accepted at any parent; null if it may be.</param>
/// <param name="Dropped">Why parts of it are not as written.</param>
internal sealed record RouteFacts(
    RouteKind Kind, ObjectName Name, DateTimeOffset Created, EquatableArray<ParentFacts> Parents, EquatableArray<RuleFacts> Rules,
    RouteRefusal? Refusal, EquatableArray<string> Dropped)
{
    /// <summary>What it refers to, as parent, backend or mirror.</summary>
    public IEnumerable<TargetKey> Targets => Parents.Select(static parent => parent.Service)
        .Concat(Rules.SelectMany(static rule => rule.Backends.Concat(rule.Mirrors.Select(static mirror => mirror.Backend)))
            .Select(static backend => backend.Target).OfType<TargetKey>()).Distinct();
}

/// <param name="Service">Or Gateway.</param>
/// <param name="Port">Of the service; 0 for all, or for what the section says.</param>
internal sealed record ParentFacts(ParentReference Reference, TargetKey Service, ushort Port)
{
    /// <summary>Name of a port; empty for none.</summary>
    public string Section => Reference.SectionName ?? "";

    /// <summary>Those of the service that are meant.</summary>
    public IEnumerable<PortFacts> PortsOf(MemberView service) =>
        service.Ports.Where(port => (Port == 0 || port.Port == Port) && (Section.Length == 0 || port.Name == Section));

    /// <returns>0 for all.</returns>
    public ushort PortOf(MemberView? service) => Section.Length == 0 || service is null ? Port : PortsOf(service).FirstOrDefault().Port;
}

/// <param name="Rule">Without its backends and mirrors.</param>
/// <param name="MissingFilter">A filter that nobody here can apply, so that every request is answered with an error; null for none.</param>
internal sealed record RuleFacts(RouteRule Rule, EquatableArray<BackendFacts> Backends, EquatableArray<MirrorFacts> Mirrors, string? MissingFilter);

/// <param name="Target">Null if its kind cannot be one.</param>
/// <param name="Port">0 if none is named.</param>
/// <param name="Draft">Everything but the service.</param>
/// <param name="MissingFilter">As for a rule.</param>
internal sealed record BackendFacts(TargetKey? Target, ObjectName Name, string Kind, ushort Port, BackendDraft Draft, string? MissingFilter);

internal sealed record MirrorFacts(BackendFacts Backend, double Percent);

/// <summary>What a reference to a backend says besides where it leads.</summary>
internal sealed record BackendDraft(uint Weight, HeaderEdits RequestEdits, HeaderEdits ResponseEdits, Rewrite? Rewrite, Redirect? Redirect);

/// <param name="Reason">As in the condition <c>Accepted</c>.</param>
internal sealed record RouteRefusal(string Reason, string Message);

/// <summary>A part of a route, or of a rule for destinations, that cannot be honoured.</summary>
/// <param name="reason">As in a condition.</param>
internal sealed class UnusablePartException(string reason, string message) : Exception(message)
{
    public const string UnsupportedValue = "UnsupportedValue", IncompatibleFilters = "IncompatibleFilters";

    public UnusablePartException(string message) : this(UnsupportedValue, message) { }

    public string Reason => reason;
}
