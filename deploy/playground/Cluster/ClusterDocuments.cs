using System.Net;
using System.Text.Json.Nodes;
using Ambient.Lab.Network;

namespace Ambient.Playground.Cluster;

/// <summary>The lab's machines as a cluster's API shows them.</summary>
internal static class ClusterDocuments
{
    public static JsonObject Node(LabNode node, IReadOnlyList<IPAddress> addresses) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "Node",
        ["metadata"] = new JsonObject { ["name"] = node.Name, ["labels"] = new JsonObject { ["kubernetes.io/hostname"] = node.Name, ["kubernetes.io/os"] = "linux" } },
        ["status"] = new JsonObject
        {
            ["addresses"] = new JsonArray([.. addresses.Select(address => (JsonNode)new JsonObject { ["type"] = "InternalIP", ["address"] = $"{address}" })]),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True", ["reason"] = "KubeletReady" }),
        },
    };
}
