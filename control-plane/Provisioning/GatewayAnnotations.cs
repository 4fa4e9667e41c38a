using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>What users ask of a waypoint beside its listeners, as the established gateways have it. Pure.</summary>
internal static class GatewayAnnotations
{
    private static readonly string[] ServiceTypes = ["ClusterIP", "NodePort", "LoadBalancer"], AddressTypes = ["IPAddress", "Hostname"];

    /// <summary>Settings of another proxy's process, and of gateways at the edge.</summary>
    private static readonly string[] Foreign =
    [
        "gateway.istio.io/alias-for", "gateway.istio.io/tls-terminate-mode", "proxy.istio.io/config",
        "sidecar.istio.io/agentLogLevel", "sidecar.istio.io/componentLogLevel", "sidecar.istio.io/logLevel", "sidecar.istio.io/proxyImage",
    ];

    public static string ServiceTypeOf(Gateway gateway) => Given(gateway, MeshAnnotations.ServiceType) ?? ServiceTypes[0];

    /// <returns>Empty for all.</returns>
    public static string AddressTypeOf(Gateway gateway) => Given(gateway, MeshAnnotations.AddressType) ?? "";

    /// <returns>Null if all can be done.</returns>
    public static Refusal? RefusalOf(Gateway gateway) => IsRunByOthers(gateway) ? null
        : RefusalOf(gateway, MeshAnnotations.ServiceType, ServiceTypes) ?? RefusalOf(gateway, MeshAnnotations.AddressType, AddressTypes);

    /// <summary>Names what has no effect; empty if nothing is asked for in vain.</summary>
    public static string Unhonoured(Gateway gateway)
    {
        List<string> names = [.. Foreign.Where(name => gateway.Metadata.Annotation(name) is not null)];
        if (IsRunByOthers(gateway)) names.AddRange(((string[])[MeshAnnotations.AddressType, MeshAnnotations.ServiceType]).Where(name => Given(gateway, name) is not null));
        if (gateway.Spec?.Tls is not null) names.Add("spec.tls");
        if (gateway.Spec?.BackendTls is not null) names.Add("spec.backendTLS");
        if (gateway.Spec?.AllowedListeners is not null) names.Add("spec.allowedListeners");
        return names.Count == 0 ? "" : $"Without effect at a waypoint: {string.Join(", ", names)}. Its process is configured by the ConfigMap that spec.infrastructure.parametersRef names.";
    }

    // Its addresses are given.
    private static bool IsRunByOthers(Gateway gateway) => gateway.Spec?.Addresses is { Count: > 0 };

    private static string? Given(Gateway gateway, string annotation) => gateway.Metadata.Annotation(annotation) is { Length: > 0 } value ? value : null;

    private static Refusal? RefusalOf(Gateway gateway, string annotation, string[] known) => Given(gateway, annotation) is not { } value || known.Contains(value) ? null
        : new("Invalid", $"The annotation {annotation} is {Findings.Quote(value)}; use {string.Join(", ", known[..^1])} or {known[^1]}.");
}
