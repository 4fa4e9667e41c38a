using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>The kinds of objects that are made for a waypoint, with all their fields.</summary>
internal static class WaypointKinds
{
    public static readonly ResourceType<UnstructuredObject> ServiceAccount = Of(ResourceTypes.ServiceAccount);
    public static readonly ResourceType<UnstructuredObject> Service = Of(ResourceTypes.Service);
    public static readonly ResourceType<UnstructuredObject> Deployment = Of(ResourceTypes.Deployment);
    public static readonly ResourceType<UnstructuredObject> Autoscaler = Of(new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true));
    public static readonly ResourceType<UnstructuredObject> DisruptionBudget = Of(new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true));

    public static IReadOnlyList<ResourceType<UnstructuredObject>> All { get; } = [ServiceAccount, Service, Deployment, Autoscaler, DisruptionBudget];

    /// <summary>Kinds of which there is an object only as long as somebody wants one: then it is deleted again.</summary>
    public static IReadOnlyList<ResourceType<UnstructuredObject>> Optional { get; } = [Autoscaler, DisruptionBudget];

    private static ResourceType<UnstructuredObject> Of(ResourceKind kind) =>
        new(kind.Group, kind.Version, kind.Kind, kind.Plural, kind.Namespaced, KubernetesJson.Default.UnstructuredObject);
}
