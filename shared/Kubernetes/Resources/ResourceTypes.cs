namespace Ambient.Kubernetes.Resources;

/// <summary>The kinds of objects that the mesh reads and writes, in the API versions it asks for.</summary>
public static class ResourceTypes
{
    private const string GatewayApi = "gateway.networking.k8s.io", IstioNetworking = "networking.istio.io", IstioSecurity = "security.istio.io", IstioTelemetry = "telemetry.istio.io",
        IstioExtensions = "extensions.istio.io";

    private static KubernetesJson Json => KubernetesJson.Default;

    public static readonly ResourceType<Pod> Pod = new("", "v1", "Pod", "pods", true, Json.Pod);
    public static readonly ResourceType<Service> Service = new("", "v1", "Service", "services", true, Json.Service);
    public static readonly ResourceType<Node> Node = new("", "v1", "Node", "nodes", false, Json.Node);
    public static readonly ResourceType<Namespace> Namespace = new("", "v1", "Namespace", "namespaces", false, Json.Namespace);
    public static readonly ResourceType<ConfigMap> ConfigMap = new("", "v1", "ConfigMap", "configmaps", true, Json.ConfigMap);
    public static readonly ResourceType<Secret> Secret = new("", "v1", "Secret", "secrets", true, Json.Secret);
    public static readonly ResourceType<ServiceAccount> ServiceAccount =
        new("", "v1", "ServiceAccount", "serviceaccounts", true, Json.ServiceAccount);
    public static readonly ResourceType<EndpointSlice> EndpointSlice =
        new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, Json.EndpointSlice);
    public static readonly ResourceType<Deployment> Deployment = new("apps", "v1", "Deployment", "deployments", true, Json.Deployment);
    public static readonly ResourceType<DaemonSet> DaemonSet = new("apps", "v1", "DaemonSet", "daemonsets", true, Json.DaemonSet);
    public static readonly ResourceType<Event> Event = new("", "v1", "Event", "events", true, Json.Event);
    public static readonly ResourceType<Lease> Lease = new("coordination.k8s.io", "v1", "Lease", "leases", true, Json.Lease);
    public static readonly ResourceType<TokenReview> TokenReview =
        new("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", false, Json.TokenReview);

    public static readonly ResourceType<Gateway> Gateway = new(GatewayApi, "v1", "Gateway", "gateways", true, Json.Gateway);
    public static readonly ResourceType<GatewayClass> GatewayClass =
        new(GatewayApi, "v1", "GatewayClass", "gatewayclasses", false, Json.GatewayClass);
    public static readonly ResourceType<HttpRoute> HttpRoute = new(GatewayApi, "v1", "HTTPRoute", "httproutes", true, Json.HttpRoute);
    public static readonly ResourceType<GrpcRoute> GrpcRoute = new(GatewayApi, "v1", "GRPCRoute", "grpcroutes", true, Json.GrpcRoute);

    public static readonly ResourceType<BackendTlsPolicy> BackendTlsPolicy =
        new(GatewayApi, "v1", "BackendTLSPolicy", "backendtlspolicies", true, Json.BackendTlsPolicy);

    // The version that clusters of any age serve: v1 came late to these.
    public static readonly ResourceType<TcpRoute> TcpRoute = new(GatewayApi, "v1alpha2", "TCPRoute", "tcproutes", true, Json.TcpRoute);
    public static readonly ResourceType<TlsRoute> TlsRoute = new(GatewayApi, "v1alpha2", "TLSRoute", "tlsroutes", true, Json.TlsRoute);
    public static readonly ResourceType<ReferenceGrant> ReferenceGrant =
        new(GatewayApi, "v1beta1", "ReferenceGrant", "referencegrants", true, Json.ReferenceGrant);

    public static readonly ResourceType<ServiceEntry> ServiceEntry =
        new(IstioNetworking, "v1", "ServiceEntry", "serviceentries", true, Json.ServiceEntry);
    public static readonly ResourceType<WorkloadEntry> WorkloadEntry =
        new(IstioNetworking, "v1", "WorkloadEntry", "workloadentries", true, Json.WorkloadEntry);
    public static readonly ResourceType<VirtualService> VirtualService =
        new(IstioNetworking, "v1", "VirtualService", "virtualservices", true, Json.VirtualService);
    public static readonly ResourceType<DestinationRule> DestinationRule =
        new(IstioNetworking, "v1", "DestinationRule", "destinationrules", true, Json.DestinationRule);
    public static readonly ResourceType<AuthorizationPolicy> AuthorizationPolicy =
        new(IstioSecurity, "v1", "AuthorizationPolicy", "authorizationpolicies", true, Json.AuthorizationPolicy);
    public static readonly ResourceType<Telemetry> Telemetry =
        new(IstioTelemetry, "v1", "Telemetry", "telemetries", true, Json.Telemetry);
    public static readonly ResourceType<PeerAuthentication> PeerAuthentication =
        new(IstioSecurity, "v1", "PeerAuthentication", "peerauthentications", true, Json.PeerAuthentication);

    // Nothing here honours these: see UnhonouredObject.
    public static readonly ResourceType<RequestAuthentication> RequestAuthentication =
        new(IstioSecurity, "v1", "RequestAuthentication", "requestauthentications", true, Json.RequestAuthentication);
    public static readonly ResourceType<EnvoyFilter> EnvoyFilter =
        new(IstioNetworking, "v1alpha3", "EnvoyFilter", "envoyfilters", true, Json.EnvoyFilter);
    public static readonly ResourceType<WasmPlugin> WasmPlugin =
        new(IstioExtensions, "v1alpha1", "WasmPlugin", "wasmplugins", true, Json.WasmPlugin);
    public static readonly ResourceType<TrafficExtension> TrafficExtension =
        new(IstioExtensions, "v1alpha1", "TrafficExtension", "trafficextensions", true, Json.TrafficExtension);
    public static readonly ResourceType<ProxyConfig> ProxyConfig =
        new(IstioNetworking, "v1beta1", "ProxyConfig", "proxyconfigs", true, Json.ProxyConfig);
    public static readonly ResourceType<Sidecar> Sidecar =
        new(IstioNetworking, "v1", "Sidecar", "sidecars", true, Json.Sidecar);
    public static readonly ResourceType<WorkloadGroup> WorkloadGroup =
        new(IstioNetworking, "v1", "WorkloadGroup", "workloadgroups", true, Json.WorkloadGroup);
}
