using Ambient.ControlPlane.Indexing.Selection;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Traffic;

namespace Ambient.ControlPlane.Indexing.Destinations;

/// <summary>A DestinationRule, read and checked by itself.</summary>
/// <param name="Host">Full and in lower case; may be a wildcard. Empty if there is none that can be used.</param>
/// <param name="Policy">Null if it says nothing for all ports.</param>
/// <param name="Problems">What of it is not honoured.</param>
internal sealed record DestinationFacts(
    ObjectName Name, string Host, DateTimeOffset Created, HostExport Export, TrafficPolicy? Policy, EquatableArray<PortPolicy> Ports,
    EquatableArray<SubsetFacts> Subsets, EquatableArray<string> Problems)
{
    /// <summary>It asks for TLS towards servers, of any port or subset.</summary>
    public bool SpeaksOfTls => Policy?.Tls is not null || Ports.Any(static port => port.Policy.Tls is not null)
        || Subsets.Any(static subset => subset.Policy?.Tls is not null || subset.Ports.Any(static port => port.Policy.Tls is not null));

    /// <summary>The oldest goes before; names break ties.</summary>
    public static int Compare(DestinationFacts left, DestinationFacts right)
    {
        var order = left.Created.CompareTo(right.Created);
        return order != 0 ? order : string.CompareOrdinal(left.Name.Name, right.Name.Name);
    }
}

/// <param name="Labels">Null: all endpoints.</param>
/// <param name="Policy">With what it inherits; null if it says nothing of its own.</param>
internal sealed record SubsetFacts(string Name, LabelQuery? Labels, TrafficPolicy? Policy, EquatableArray<PortPolicy> Ports);

/// <summary>Which namespaces see an object of Istio's (<c>exportTo</c>). Equal by content.</summary>
/// <param name="Namespaces">As written: <c>*</c>, <c>.</c> for the object's own, <c>~</c> for none, or names; empty for all.</param>
internal sealed record HostExport(string Own, EquatableArray<string> Namespaces)
{
    public static HostExport Of(ObjectName name, IReadOnlyList<string>? namespaces) => new(name.Namespace, (namespaces ?? []).OfType<string>().ToEquatableArray());

    public bool IsSeenIn(string ns) => Namespaces.IsEmpty || Namespaces.Any(item => item == "*" || item == ns || (item == "." && ns == Own));
}
