using Ambient.Kubernetes.Resources;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>An http route as it counts: written there, or a delegate's with what it inherits.</summary>
/// <param name="Matches">Those that can be honoured, at least one.</param>
/// <param name="Label">Where it stands, such as <c>http[0]</c>.</param>
/// <param name="Actions">Reads what it does.</param>
internal sealed record VirtualPart(VirtualHttpRoute Route, IReadOnlyList<RouteMatch> Matches, string Label, VirtualActionReader Actions)
{
    public static string LabelOf(VirtualHttpRoute route, int index) => $"http[{(route.Name is { Length: > 0 } name ? name : index)}]";
}
