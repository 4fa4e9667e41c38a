using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using static Ambient.Playground.Api.Tables.TableColumns;

namespace Ambient.Playground.Api.Tables;

/// <summary>Columns of the core group.</summary>
internal sealed class MainColumns(TableColumns columns)
{
    public IEnumerable<KeyValuePair<string, TableColumn[]>> All =>
    [
        new("pods",
        [
            Name, Text("Ready", Ready), Text("Status", PodStatus), new("Restarts", "string", 0, document => $"{Restarts(document)}"), columns.Age,
            Text("IP", pod => pod.Text("status", "podIP") ?? "<none>", 1), Text("Node", pod => pod.Text("spec", "nodeName") ?? "<none>", 1),
            Text("Nominated Node", pod => pod.Text("status", "nominatedNodeName") ?? "<none>", 1), Text("Readiness Gates", _ => "<none>", 1),
        ]),
        new("services",
        [
            Name, Path("Type", "spec", "type"), Text("Cluster-IP", service => service.Text("spec", "clusterIP") ?? "<none>"), Text("External-IP", ExternalAddress),
            Text("Port(s)", Ports), columns.Age, Text("Selector", service => Pairs(service.ObjectAt("spec", "selector")), 1),
        ]),
        new("nodes",
        [
            Name, Text("Status", NodeStatus), Text("Roles", NodeRoles), columns.Age, Text("Version", node => node.Text("status", "nodeInfo", "kubeletVersion") ?? ""),
            Text("Internal-IP", node => NodeAddress(node, "InternalIP"), 1), Text("External-IP", node => NodeAddress(node, "ExternalIP"), 1),
            Text("OS-Image", node => node.Text("status", "nodeInfo", "osImage") ?? "<unknown>", 1),
            Text("Kernel-Version", node => node.Text("status", "nodeInfo", "kernelVersion") ?? "<unknown>", 1),
            Text("Container-Runtime", node => node.Text("status", "nodeInfo", "containerRuntimeVersion") ?? "<unknown>", 1),
        ]),
        new("namespaces", [Name, Path("Status", "status", "phase"), columns.Age]),
        new("configmaps", [Name, new("Data", "string", 0, map => $"{Count(map["data"]) + Count(map["binaryData"])}"), columns.Age]),
        new("secrets", [Name, Path("Type", "type"), new("Data", "string", 0, secret => $"{Count(secret["data"])}"), columns.Age]),
        new("serviceaccounts", [Name, new("Secrets", "string", 0, account => $"{account.ObjectsAt("secrets").Count()}"), columns.Age]),
        new("endpoints", [Name, Text("Endpoints", Endpoints), columns.Age]),
        new("events",
        [
            Text("Last Seen", e => columns.AgeOf(e.At("lastTimestamp") ?? e.At("eventTime") ?? e.At("metadata", "creationTimestamp"))), Path("Type", "type"), Path("Reason", "reason"),
            Text("Object", e => $"{e.Text("involvedObject", "kind")?.ToLowerInvariant()}/{e.Text("involvedObject", "name")}"),
            Text("Subobject", e => e.Text("involvedObject", "fieldPath") ?? "", 1), Text("Source", e => e.Text("source", "component") ?? e.Text("reportingComponent") ?? "", 1),
            Text("Message", e => e.Text("message")?.Trim() ?? ""), Text("First Seen", e => columns.AgeOf(e.At("firstTimestamp") ?? e.At("eventTime") ?? e.At("metadata", "creationTimestamp")), 1),
            Number("Count", e => e.Number("count") ?? 1, 1), new("Name", "string", 1, e => e.Text("metadata", "name"), "name"),
        ]),
    ];

    public static string Pairs(JsonObject? pairs) =>
        pairs is { Count: > 0 } ? string.Join(',', pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value.Scalar()}")) : "<none>";

    private static int Count(JsonNode? map) => (map as JsonObject)?.Count ?? 0;

    private static JsonNode Ready(JsonObject pod) =>
        $"{pod.ObjectsAt("status", "containerStatuses").Count(status => status.Flag("ready"))}/{pod.ObjectsAt("spec", "containers").Count()}";

    private static long Restarts(JsonObject pod) => pod.ObjectsAt("status", "containerStatuses").Sum(status => status.Number("restartCount") ?? 0);

    private static JsonNode PodStatus(JsonObject pod)
    {
        if (pod.At("metadata", "deletionTimestamp") is not null) return "Terminating";
        foreach (var status in pod.ObjectsAt("status", "containerStatuses").Reverse())
        {
            if (status.Text("state", "waiting", "reason") is { Length: > 0 } waiting) return waiting;
            if (status.Text("state", "terminated", "reason") is { Length: > 0 } ended) return ended;
        }
        return pod.Text("status", "reason") ?? pod.Text("status", "phase") ?? "Unknown";
    }

    private static JsonNode ExternalAddress(JsonObject service)
    {
        var addresses = service.ObjectsAt("status", "loadBalancer", "ingress").Select(ingress => ingress.Text("ip") ?? ingress.Text("hostname")).Concat(service.TextsAt("spec", "externalIPs")).OfType<string>().ToList();
        if (service.Text("spec", "type") == "ExternalName") return service.Text("spec", "externalName") ?? "";
        if (addresses.Count > 0) return string.Join(',', addresses);
        return service.Text("spec", "type") == "LoadBalancer" ? "<pending>" : "<none>";
    }

    private static JsonNode Ports(JsonObject service)
    {
        var ports = service.ObjectsAt("spec", "ports").Select(port =>
            $"{port.Number("port")}{(port.Number("nodePort") is > 0 and var node ? $":{node}" : "")}/{port.Text("protocol")}").ToList();
        return ports.Count == 0 ? "<none>" : string.Join(',', ports);
    }

    private static JsonNode NodeStatus(JsonObject node)
    {
        var ready = node.ObjectsAt("status", "conditions").FirstOrDefault(condition => condition.Text("type") == "Ready");
        var status = ready is null ? "Unknown" : ready.Text("status") == "True" ? "Ready" : "NotReady";
        return node.Flag("spec", "unschedulable") ? $"{status},SchedulingDisabled" : status;
    }

    private static JsonNode NodeRoles(JsonObject node)
    {
        const string prefix = "node-role.kubernetes.io/";
        var roles = (node.ObjectAt("metadata", "labels") ?? []).Select(label => label.Key)
            .Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Select(key => key[prefix.Length..]).Order(StringComparer.Ordinal).ToList();
        return roles.Count == 0 ? "<none>" : string.Join(',', roles);
    }

    private static JsonNode NodeAddress(JsonObject node, string type) =>
        node.ObjectsAt("status", "addresses").FirstOrDefault(address => address.Text("type") == type).Text("address") ?? "<none>";

    private static JsonNode Endpoints(JsonObject endpoints)
    {
        var all = endpoints.ObjectsAt("subsets").SelectMany(subset => subset.ObjectsAt("addresses").SelectMany(address =>
            subset.ObjectsAt("ports").Select(port => $"{address.Text("ip")}:{port.Number("port")}"))).ToList();
        return all.Count == 0 ? "<none>" : all.Count <= 3 ? string.Join(',', all) : $"{string.Join(',', all.Take(3))} + {all.Count - 3} more...";
    }
}
