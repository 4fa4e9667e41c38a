using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Services with a selector have EndpointSlices of the pods that it finds.</summary>
internal sealed class EndpointSliceController(ObjectStore store) : Controller(store)
{
    private const string ServiceLabel = "kubernetes.io/service-name", OwnerLabel = "endpointslice.kubernetes.io/managed-by", Me = "endpointslice-controller.k8s.io";

    private readonly ResourceKind _services = store.Kinds.Get("", "Service"), _pods = store.Kinds.Get("", "Pod"), _slices = store.Kinds.Get("discovery.k8s.io", "EndpointSlice");
    private readonly StatusWriter _writer = new(store, "endpointslice-controller");

    protected override IEnumerable<ResourceKind> Watched => [_services, _pods, _slices];

    protected override IEnumerable<ObjectKey> Affected(StoredObject written) => written.Kind.Kind switch
    {
        "Service" => [new(written.Namespace, written.Name)],
        "EndpointSlice" => written.Labels.TryGetValue(ServiceLabel, out var service) && written.Labels.GetValueOrDefault(OwnerLabel) == Me ? [new(written.Namespace, service)] : [],
        _ => Store.List(_services, written.Namespace).Items.Where(service => Selector(service.Copy()) is { } selector && selector.Matches(written.Labels))
            .Select(service => new ObjectKey(service.Namespace, service.Name)),
    };

    protected override TimeSpan? Reconcile(ObjectKey key)
    {
        if (Store.Find(_services, key.Namespace, key.Name) is not { IsEnding: false } service) return null;
        var document = service.Copy();
        var mine = Store.Dependents(service.Uid).Where(one => one.Kind == _slices && one.Labels.GetValueOrDefault(OwnerLabel) == Me).ToList();
        if (Selector(document) is not { } selector)
        {
            foreach (var slice in mine) Store.Delete(_slices, slice.Namespace, slice.Name);
            return null;
        }
        var pods = Store.List(_pods, key.Namespace).Items.Where(pod => selector.Matches(pod.Labels)).Select(pod => pod.Copy()).ToList();
        var wanted = new ServiceEndpoints(document, pods, Zone).Slices().ToList();
        Write(service, mine, wanted);
        return null;
    }

    private static LabelSelector? Selector(JsonObject service) =>
        service.Text("spec", "type") != "ExternalName" && service.ObjectAt("spec", "selector") is { Count: > 0 } pairs ? LabelSelector.OfPairs(pairs) : null;

    private string? Zone(string node) => Store.Find(Kind("", "Node"), "", node)?.Labels.GetValueOrDefault("topology.kubernetes.io/zone");

    // Slices keep their names: one of the same family and ports is changed rather than replaced.
    private void Write(StoredObject service, List<StoredObject> mine, List<JsonObject> wanted)
    {
        foreach (var slice in wanted)
        {
            var kept = mine.Find(one => one.Copy() is var old && old.Text("addressType") == slice.Text("addressType") && JsonNode.DeepEquals(old["ports"], slice["ports"]))
                ?? mine.Find(one => one.Copy().Text("addressType") == slice.Text("addressType"));
            if (kept is null)
            {
                _writer.Create(Document(service, slice));
                continue;
            }
            mine.Remove(kept);
            _writer.Main(kept, found =>
            {
                found["endpoints"] = slice["endpoints"]!.DeepClone();
                found["ports"] = slice["ports"]!.DeepClone();
            });
        }
        foreach (var slice in mine) Store.Delete(_slices, slice.Namespace, slice.Name);
    }

    private static JsonObject Document(StoredObject service, JsonObject slice)
    {
        var labels = new JsonObject(service.Labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))) { [ServiceLabel] = service.Name, [OwnerLabel] = Me };
        return new()
        {
            ["apiVersion"] = "discovery.k8s.io/v1", ["kind"] = "EndpointSlice",
            ["metadata"] = new JsonObject
            {
                ["generateName"] = $"{service.Name}-", ["namespace"] = service.Namespace, ["labels"] = labels, ["ownerReferences"] = new JsonArray(PodTemplate.Owner(service)),
            },
            ["addressType"] = slice.Text("addressType"), ["endpoints"] = slice["endpoints"]!.DeepClone(), ["ports"] = slice["ports"]!.DeepClone(),
        };
    }
}
