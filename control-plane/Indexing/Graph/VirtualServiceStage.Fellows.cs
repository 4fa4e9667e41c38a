using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.VirtualServices;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

// Several VirtualServices with routes for requests to one service: waypoints try the older one's first.
internal sealed partial class VirtualServiceStage
{
    private readonly SetIndex<ServiceKey, VirtualServiceNode> _byService = new();

    /// <summary>Finds the services that it is for.</summary>
    /// <returns>Others of which the status may be another now.</returns>
    private IEnumerable<VirtualServiceNode> Place(VirtualServiceNode node)
    {
        node.Services = node.Facts is { } facts ? ServicesOf(facts) : [];
        var (before, after) = (node.Routed, node.Facts?.Rules.IsEmpty != false ? [] : node.Services.Select(static service => service.Key).ToHashSet());
        node.Routed = after;
        foreach (var gone in before.Except(after)) _byService.Remove(gone, node);
        foreach (var come in after.Except(before)) _byService.Add(come, node);
        return before.Union(after).Where(service => before.Contains(service) != after.Contains(service)).SelectMany(service => _byService[service]);
    }

    /// <summary>What is said of a service by those that go before.</summary>
    private IEnumerable<string> OlderOf(VirtualServiceNode node) => node.Services.Where(service => node.Routed.Contains(service.Key)).SelectMany(service => _byService[service.Key]
        .Where(other => VirtualFacts.Compare(other.Facts!, node.Facts!) < 0).OrderBy(static other => other.Name.ToString(), StringComparer.Ordinal)
        .Select(other => $"{service.Key.Hostname} has the routes of VirtualService {other.Name} too, which are tried before these."));
}
