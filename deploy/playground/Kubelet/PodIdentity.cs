using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Kubelet;

/// <summary>Which pod: a pod of the same name with another uid is another pod.</summary>
internal sealed record PodIdentity(string Namespace, string Name, string Uid, bool IsHostNetwork)
{
    public static PodIdentity Of(StoredObject pod) => new(pod.Namespace, pod.Name, pod.Uid, pod.Copy().Flag("spec", "hostNetwork"));

    public override string ToString() => $"{Namespace}/{Name}";
}
