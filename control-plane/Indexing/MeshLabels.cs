using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing;

/// <summary>Labels and annotations through which users and other parts of the mesh speak to the index.</summary>
internal static class MeshLabels
{
    public const string Revision = "istio.io/rev";
    public const string UseWaypoint = "istio.io/use-waypoint";
    public const string UseWaypointNamespace = "istio.io/use-waypoint-namespace";
    public const string UseWaypointCanary = "istio.io/use-waypoint-canary";
    public const string UseWaypointCanaryNamespace = "istio.io/use-waypoint-canary-namespace";
    public const string IngressUseWaypoint = "istio.io/ingress-use-waypoint";
    public const string WaypointFor = "istio.io/waypoint-for";
    public const string Network = "topology.istio.io/network";
    public const string Region = "topology.kubernetes.io/region";
    public const string Zone = "topology.kubernetes.io/zone";
    public const string Subzone = "topology.istio.io/subzone";
    public const string AllocateIps = "networking.istio.io/enable-autoallocate-ip";
    public const string Tunnel = "networking.istio.io/tunnel";
    public const string CanonicalName = "service.istio.io/canonical-name";
    public const string CanonicalRevision = "service.istio.io/canonical-revision";
    public const string WorkloadName = "service.istio.io/workload-name";
    public const string AppName = "app.kubernetes.io/name";
    public const string AppVersion = "app.kubernetes.io/version";
    public const string App = "app";
    public const string Version = "version";
    public const string PodTemplateHash = "pod-template-hash";
    public const string ServiceName = "kubernetes.io/service-name";
    public const string GatewayName = "gateway.networking.k8s.io/gateway-name";
    public const string GatewayClassName = "gateway.networking.k8s.io/gateway-class-name";
    public const string ManagedBy = "gateway.istio.io/managed";

    /// <summary>The value of <see cref="ManagedBy"/> on what is made for a waypoint; dashboards know waypoints by it.</summary>
    public const string ManagedWaypoint = "istio.io-mesh-controller";

    /// <summary>On a ConfigMap of the system namespace: overlays for all gateways of a class.</summary>
    public const string DefaultsForClass = "gateway.istio.io/defaults-for-class";

    public const string DataplaneMode = "istio.io/dataplane-mode";
    public const string InjectSidecar = "sidecar.istio.io/inject";

    /// <summary>Values of <see cref="ManagedBy"/> that mark the services of waypoints and east-west gateways.</summary>
    public static readonly string[] GatewayControllers =
        [ManagedWaypoint, "istio.io-eastwest-controller", "istio.io-agentgateway-waypoint-controller"];

    /// <summary>The value of a waypoint label that opts out.</summary>
    public const string NoWaypoint = "none";
}

/// <inheritdoc cref="MeshLabels"/>
internal static class MeshAnnotations
{
    public const string Redirection = "ambient.istio.io/redirection";
    public const string InboundBinding = "ambient.istio.io/waypoint-inbound-binding";
    public const string CanaryWeight = "istio.io/use-waypoint-canary-weight";
    public const string TrafficDistribution = "networking.istio.io/traffic-distribution";
    public const string ConnectStrategy = "istio.io/connect-strategy";
    public const string DryRun = "istio.io/dry-run";
    public const string GatewayServiceAccount = "gateway.istio.io/service-account";
    public const string GatewayNameOverride = "gateway.istio.io/name-override";

    /// <summary>On a Gateway: the type of its waypoint's Service; <c>ClusterIP</c> when absent.</summary>
    public const string ServiceType = "networking.istio.io/service-type";

    /// <summary>On a Gateway: which of its waypoint's addresses are told, <c>IPAddress</c> or <c>Hostname</c>; both when absent.</summary>
    public const string AddressType = "networking.istio.io/address-type";

    /// <summary>On a Gateway: <c>true</c> has its waypoint tell servers the client's identity (<c>x-forwarded-client-cert</c>).</summary>
    public const string TellsClientIdentity = "ambient.istio.io/xfcc-include-client-identity";

    public const string RateLimit = "ambient.mesh/rate-limit";
    public const string RateLimitPerClient = "ambient.mesh/rate-limit-per-client";
    /// <summary>On a Service, ServiceEntry, Pod or Namespace: who may connect without coming through the waypoint.</summary>
    public const string WaypointBypass = "ambient.mesh/waypoint-bypass";
    public const string RegistrationGroup = "istio.io/autoRegistrationGroup";

    /// <summary>Its own TCP is captured: served (<c>enabled</c>), or refused until a node proxy serves it (<c>pending</c>).</summary>
    /// <remarks>One that is pending is never spoken to in clear either: what it does not refuse itself would be a stranger with its address.</remarks>
    public static bool IsClosed(ObjectMeta meta) => meta.Annotation(Redirection) is "enabled" or "pending";
}
