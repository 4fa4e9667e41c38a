using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>How objects are read and written: camel case, absent instead of null, unknown fields ignored, no reflection.</summary>
/// <remarks>Istio's status writes 64-bit numbers as strings, as JSON of protocol buffers does; both are read.</remarks>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString,
    Converters = [typeof(TimeConverter)])]
[JsonSerializable(typeof(ObjectMeta))]
[JsonSerializable(typeof(Condition))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(DaemonSet))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(TokenReview))]
[JsonSerializable(typeof(Gateway))]
[JsonSerializable(typeof(GatewayClass))]
[JsonSerializable(typeof(ServiceEntry))]
[JsonSerializable(typeof(WorkloadEntry))]
[JsonSerializable(typeof(AuthorizationPolicy))]
[JsonSerializable(typeof(AuthorizationPolicySpec))]
[JsonSerializable(typeof(PeerAuthentication))]
[JsonSerializable(typeof(PeerAuthenticationSpec))]
[JsonSerializable(typeof(PolicySelector))]
[JsonSerializable(typeof(ConditionedStatus))]
[JsonSerializable(typeof(UnstructuredObject))]
[JsonSerializable(typeof(HttpRoute))]
[JsonSerializable(typeof(GrpcRoute))]
[JsonSerializable(typeof(TcpRoute))]
[JsonSerializable(typeof(TlsRoute))]
[JsonSerializable(typeof(RouteSpec))]
[JsonSerializable(typeof(RouteRuleSpec))]
[JsonSerializable(typeof(MethodMatchSpec))]
[JsonSerializable(typeof(RouteStatus))]
[JsonSerializable(typeof(RouteParentStatus))]
[JsonSerializable(typeof(ReferenceGrant))]
[JsonSerializable(typeof(ReferenceGrantSpec))]
[JsonSerializable(typeof(VirtualService))]
[JsonSerializable(typeof(VirtualServiceSpec))]
[JsonSerializable(typeof(VirtualHttpRoute))]
[JsonSerializable(typeof(DestinationRule))]
[JsonSerializable(typeof(DestinationRuleSpec))]
[JsonSerializable(typeof(Telemetry))]
[JsonSerializable(typeof(TelemetrySpec))]
public sealed partial class KubernetesJson : JsonSerializerContext;
