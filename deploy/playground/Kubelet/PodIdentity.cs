using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Kubelet;

/// <summary>Which pod: a pod of the same name with another uid is another pod; and what its network is made from.</summary>
/// <param name="HostAliases">Lines of its /etc/hosts.</param>
internal sealed record PodIdentity(string Namespace, string Name, string Uid, bool IsHostNetwork, IReadOnlyList<string> HostAliases)
{
    public static PodIdentity Of(JsonObject pod) => new(pod.Text("metadata", "namespace")!, pod.Text("metadata", "name")!, pod.Text("metadata", "uid")!, pod.Flag("spec", "hostNetwork"),
        [.. pod.ObjectsAt("spec", "hostAliases").Select(alias => $"{alias.Text("ip")} {string.Join(' ', alias.TextsAt("hostnames"))}")]);

    public override string ToString() => $"{Namespace}/{Name}";
}
