using Ambient.Kubernetes.Resources;

namespace Ambient.CniAgent.PodWatch;

/// <summary>Whether a pod is to be in the mesh.</summary>
/// <param name="Problem">It was asked for, and this is why it cannot be, with the next step; null if there is nothing to say.</param>
internal readonly record struct PodDecision(bool InMesh, string? Problem = null)
{
    public static readonly PodDecision In = new(true), Out = new(false);
}

/// <summary>Decides by labels which pods are in the mesh: the pod's own says so or not; without one its namespace's does. Pure.</summary>
internal sealed class PodSelection(ClusterOptions options)
{
    public const string ModeLabel = "istio.io/dataplane-mode";
    private const string Ambient = "ambient", None = "none", SidecarStatus = "sidecar.istio.io/status";

    /// <param name="labels">Of the pod's namespace.</param>
    public PodDecision Decide(Pod pod, IReadOnlyDictionary<string, string>? labels)
    {
        var own = pod.Metadata.Label(ModeLabel);
        var asked = own == Ambient || (own != None && labels?.GetValueOrDefault(ModeLabel) == Ambient);
        if (!asked || IsProxy(pod))
            return PodDecision.Out;
        if (options.ExcludedNamespaces.Contains(pod.Metadata.Namespace ?? ""))
        {
            return Refused(own, $"its namespace {pod.Metadata.Namespace} is excluded from the mesh on this node. " +
                "Take it out of EXCLUDE_NAMESPACES of the node agent, or remove the label");
        }
        if (pod.Spec?.HostNetwork == true)
            return Refused(own, "it uses the node's own network, which cannot be captured. Remove hostNetwork, or the label");
        if (pod.Metadata.Annotation(SidecarStatus) is not null)
        {
            return new PodDecision(false, "The pod has a sidecar proxy, so it is not captured. " +
                "Turn injection off (sidecar.istio.io/inject: \"false\") and start it anew, or set the label istio.io/dataplane-mode: none");
        }
        return PodDecision.In;
    }

    /// <summary>It has ended: its sandbox is gone or about to go.</summary>
    public static bool HasEnded(Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    // In a namespace of the mesh, pods with the node's network and the like are ordinary: only a label of its own asks for them.
    private static PodDecision Refused(string? own, string reason) =>
        own == Ambient ? new PodDecision(false, $"The pod asks for the mesh by its label, but {reason}.") : PodDecision.Out;

    private bool IsProxy(Pod pod) => pod.Metadata.Namespace == options.SystemNamespace && pod.Metadata.Label("app") == "ztunnel";
}
