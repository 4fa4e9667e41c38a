using Ambient.Kubernetes.Resources;

namespace Ambient.CniAgent.PodWatch;

/// <summary>Whether a pod is to be in the mesh.</summary>
/// <param name="Problem">It was asked for, and this is why it cannot be, with the next step; null if there is nothing to say.</param>
internal readonly record struct PodDecision(bool InMesh, string? Problem = null)
{
    public static readonly PodDecision In = new(true), Out = new(false);
}

/// <summary>Decides by labels which pods are in the mesh. Pure.</summary>
internal sealed class PodSelection(ClusterOptions options)
{
    private const string SidecarStatus = "sidecar.istio.io/status", ApplicationLabel = "app";

    private readonly HashSet<string> _podLabels = [ApplicationLabel, EnablementSelector.ModeLabel, .. options.Selectors.SelectMany(static selector => selector.Pod.Keys)];
    private readonly HashSet<string> _namespaceLabels = [.. options.Selectors.SelectMany(static selector => selector.Namespace.Keys)];

    /// <summary>Whether a pod's label matters here; of the others nothing needs to be kept.</summary>
    public bool ReadsOfPod(string label) => _podLabels.Contains(label);

    /// <inheritdoc cref="ReadsOfPod"/>
    public bool ReadsOfNamespace(string label) => _namespaceLabels.Contains(label);

    /// <param name="labels">Of the pod's namespace.</param>
    public PodDecision Decide(Pod pod, IReadOnlyDictionary<string, string>? labels)
    {
        if (!options.Selectors.Any(selector => selector.Selects(pod, labels)) || IsProxy(pod))
            return PodDecision.Out;
        if (options.ExcludedNamespaces.Contains(pod.Metadata.Namespace ?? ""))
        {
            return Refused(pod, $"its namespace {pod.Metadata.Namespace} is excluded from the mesh on this node. " +
                "Take it out of EXCLUDE_NAMESPACES of the node agent, or remove the label");
        }
        if (pod.Spec?.HostNetwork == true)
            return Refused(pod, "it uses the node's own network, which cannot be captured. Remove hostNetwork, or the label");
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
    private static PodDecision Refused(Pod pod, string reason) =>
        pod.Metadata.Label(EnablementSelector.ModeLabel) == "ambient" ? new PodDecision(false, $"The pod asks for the mesh by its label, but {reason}.") : PodDecision.Out;

    private bool IsProxy(Pod pod) => pod.Metadata.Namespace == options.SystemNamespace && pod.Metadata.Label(ApplicationLabel) == "ztunnel";
}
