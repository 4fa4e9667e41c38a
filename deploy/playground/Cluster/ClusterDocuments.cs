using System.Net;
using System.Text.Json.Nodes;
using Ambient.Lab.Network;

namespace Ambient.Playground.Cluster;

/// <summary>The lab's machines and pods as a cluster's API shows them.</summary>
internal static class ClusterDocuments
{
    public static JsonObject Namespace(string name) => Document("v1", "Namespace", name);

    public static JsonObject ServiceAccount(string ns, string name) => Document("v1", "ServiceAccount", name, ns);

    public static JsonObject Node(LabNode node) => Node(node, [node.Address.V4]);

    public static JsonObject Node(LabNode node, IReadOnlyList<IPAddress> addresses)
    {
        var document = Document("v1", "Node", node.Name);
        document["status"] = new JsonObject
        {
            ["addresses"] = new JsonArray([.. addresses.Select(address => (JsonNode)new JsonObject { ["type"] = "InternalIP", ["address"] = $"{address}" })]),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
        };
        return document;
    }

    public static JsonObject Pod(string ns, string name, string account, string node, IReadOnlyDictionary<string, string> labels)
    {
        var document = Document("v1", "Pod", name, ns);
        document["metadata"]!["labels"] = new JsonObject(labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value)));
        document["spec"] = new JsonObject
        {
            ["nodeName"] = node,
            ["serviceAccountName"] = account,
            ["containers"] = new JsonArray(new JsonObject { ["name"] = "application", ["image"] = "playground" }),
        };
        return document;
    }

    /// <summary>What a kubelet says of a pod that runs.</summary>
    public static JsonObject Running(LabAddress address, bool isReady = true) => new()
    {
        ["phase"] = "Running",
        ["podIP"] = $"{address.V4}",
        ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = $"{address.V4}" }, new JsonObject { ["ip"] = $"{address.V6}" }),
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = isReady ? "True" : "False" }),
        ["containerStatuses"] = new JsonArray(new JsonObject
        {
            ["name"] = "application", ["image"] = "playground", ["ready"] = isReady, ["restartCount"] = 0,
            ["state"] = new JsonObject { ["running"] = new JsonObject() },
        }),
    };

    private static JsonObject Document(string version, string kind, string name, string? ns = null)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns is not null) metadata["namespace"] = ns;
        return new() { ["apiVersion"] = version, ["kind"] = kind, ["metadata"] = metadata };
    }
}
