using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Controllers;

/// <summary>What the slices of a service should hold. Pure.</summary>
/// <param name="zoneOf">The zone of a node; null if it has none.</param>
internal sealed class ServiceEndpoints(JsonObject service, IReadOnlyList<JsonObject> pods, Func<string, string?> zoneOf)
{
    /// <summary>Of one slice, as in a cluster.</summary>
    private const int MaxEndpoints = 100;

    /// <summary>One group per address family and set of port numbers: pods may give a named port different ones.</summary>
    public IEnumerable<JsonObject> Slices()
    {
        foreach (var family in service.TextsAt("spec", "ipFamilies").DefaultIfEmpty("IPv4"))
        {
            var groups = new SortedDictionary<string, (JsonArray Ports, List<JsonObject> Endpoints)>(StringComparer.Ordinal);
            foreach (var pod in pods.OrderBy(pod => pod.Text("metadata", "name"), StringComparer.Ordinal))
            {
                if (Address(pod, family) is not { } address || pod.Text("status", "phase") is "Succeeded" or "Failed") continue;
                var ports = Ports(pod);
                var key = ports.ToText();
                if (!groups.TryGetValue(key, out var group)) groups[key] = group = (ports, []);
                group.Endpoints.Add(Endpoint(pod, address));
            }
            if (groups.Count == 0) groups[""] = ([], []);
            foreach (var (ports, endpoints) in groups.Values)
                foreach (var chunk in endpoints.Chunk(MaxEndpoints).DefaultIfEmpty([]))
                    yield return new() { ["addressType"] = family, ["endpoints"] = new JsonArray([.. chunk]), ["ports"] = ports.DeepClone() };
        }
    }

    private static string? Address(JsonObject pod, string family)
    {
        var all = pod.ObjectsAt("status", "podIPs").Select(one => one.Text("ip")).Append(pod.Text("status", "podIP")).OfType<string>();
        return all.FirstOrDefault(address => address.Contains(':', StringComparison.Ordinal) == (family == "IPv6"));
    }

    private JsonArray Ports(JsonObject pod)
    {
        var ports = new JsonArray();
        foreach (var port in service.ObjectsAt("spec", "ports"))
        {
            var protocol = port.Text("protocol") ?? "TCP";
            if (Number(pod, port["targetPort"] ?? port["port"], protocol) is not { } number) continue;
            var entry = new JsonObject { ["name"] = port.Text("name") ?? "", ["port"] = number, ["protocol"] = protocol };
            if (port.Text("appProtocol") is { } application) entry["appProtocol"] = application;
            ports.Add((JsonNode)entry);
        }
        return ports;
    }

    private static long? Number(JsonObject pod, JsonNode? target, string protocol) => target.Text() is not { } name ? target.Number()
        : pod.ObjectsAt("spec", "containers").Concat(pod.ObjectsAt("spec", "initContainers")).SelectMany(container => container.ObjectsAt("ports"))
            .FirstOrDefault(port => port.Text("name") == name && (port.Text("protocol") ?? "TCP") == protocol).Number("containerPort");

    private JsonObject Endpoint(JsonObject pod, string address)
    {
        var ready = PodTemplate.IsReady(pod);
        var ending = pod.At("metadata", "deletionTimestamp") is not null;
        var published = service.Flag("spec", "publishNotReadyAddresses");
        var endpoint = new JsonObject
        {
            ["addresses"] = Json.Strings([address]),
            ["conditions"] = new JsonObject { ["ready"] = published || (ready && !ending), ["serving"] = published || ready, ["terminating"] = ending },
        };
        if (pod.Text("spec", "hostname") is { Length: > 0 } host && pod.Text("spec", "subdomain") == service.Text("metadata", "name")) endpoint["hostname"] = host;
        if (pod.Text("spec", "nodeName") is { Length: > 0 } node)
        {
            endpoint["nodeName"] = node;
            if (zoneOf(node) is { } zone) endpoint["zone"] = zone;
        }
        endpoint["targetRef"] = new JsonObject
        {
            ["kind"] = "Pod", ["namespace"] = pod.Text("metadata", "namespace"), ["name"] = pod.Text("metadata", "name"), ["uid"] = pod.Text("metadata", "uid"),
        };
        return endpoint;
    }
}
