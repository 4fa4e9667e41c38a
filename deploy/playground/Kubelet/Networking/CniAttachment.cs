using System.Net;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Kubelet.Networking;

/// <summary>Which container is attached to a network, as its plugins are told.</summary>
/// <param name="ContainerId">Of the sandbox.</param>
/// <param name="NamespacePath">Empty once the namespace is gone.</param>
internal sealed record CniAttachment(string ContainerId, string NamespacePath, string PodNamespace, string PodName, string PodUid)
{
    public const string Interface = "eth0";

    public Dictionary<string, string> Environment(string command, string path) => new()
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = ContainerId,
        ["CNI_NETNS"] = NamespacePath,
        ["CNI_IFNAME"] = Interface,
        ["CNI_PATH"] = path,
        ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE={PodNamespace};K8S_POD_NAME={PodName};K8S_POD_INFRA_CONTAINER_ID={ContainerId};K8S_POD_UID={PodUid}",
    };

    /// <summary>The pod's addresses in a result, one per family, in the order in which the plugins gave them.</summary>
    public static IReadOnlyList<IPAddress> Addresses(JsonObject result) =>
        [.. result.ObjectsAt("ips").Select(ip => IPAddress.Parse(ip.Text("address")!.Split('/')[0])).DistinctBy(address => address.AddressFamily)];
}
