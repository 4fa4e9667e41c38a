using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Unhonoured;

/// <summary>What the status says of objects of kinds that nothing here honours, so that nobody relies on them. Pure.</summary>
internal static class UnhonouredConditions
{
    public static IReadOnlyList<ResourceKind> Kinds { get; } =
    [
        ResourceTypes.RequestAuthentication, ResourceTypes.EnvoyFilter, ResourceTypes.WasmPlugin, ResourceTypes.TrafficExtension,
        ResourceTypes.ProxyConfig, ResourceTypes.Sidecar, ResourceTypes.WorkloadGroup,
    ];

    public static ResourceKind KindOf(UnhonouredObject value) => value switch
    {
        RequestAuthentication => ResourceTypes.RequestAuthentication,
        EnvoyFilter => ResourceTypes.EnvoyFilter,
        WasmPlugin => ResourceTypes.WasmPlugin,
        TrafficExtension => ResourceTypes.TrafficExtension,
        ProxyConfig => ResourceTypes.ProxyConfig,
        Sidecar => ResourceTypes.Sidecar,
        _ => ResourceTypes.WorkloadGroup,
    };

    /// <param name="refusing">Policies of its namespace that ask for what tokens say, by name.</param>
    public static Condition Of(UnhonouredObject value, IReadOnlyList<string> refusing) => ServiceConditions.New(PolicyConditions.WaypointAccepted, false, "UnsupportedValue",
        $"It has no effect in this mesh: {(value is RequestAuthentication tokens ? WithoutTokens(tokens, refusing) : ReasonFor(value))}", value.Metadata.Generation);

    private static string WithoutTokens(RequestAuthentication value, IReadOnlyList<string> refusing)
    {
        List<string> sentences = ["no proxy verifies tokens, so requests pass with whatever token they carry, also one that is not valid."];
        var headers = HeadersOf(value);
        if (headers.Count > 0) sentences.Add($"Headers that would be set from tokens are what clients send: {PolicyConditions.Few(headers.Select(Findings.Quote))}.");
        sentences.Add(refusing.Count == 0
            ? "A rule of an AuthorizationPolicy that asks for what tokens say allows nobody, or denies more than it says."
            : $"Rules that ask for what tokens say allow nobody, or deny more than they say, in AuthorizationPolicy {PolicyConditions.Few(refusing)}.");
        return string.Join(' ', sentences);
    }

    private static List<string> HeadersOf(RequestAuthentication value) =>
    [
        .. (value.Spec?.JwtRules ?? []).OfType<JwtRule>()
            .SelectMany(static rule => (rule.OutputClaimToHeaders ?? []).Select(static one => one?.Header).Append(rule.OutputPayloadToHeader))
            .OfType<string>().Where(static header => header.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase),
    ];

    private static string ReasonFor(UnhonouredObject value) => value switch
    {
        EnvoyFilter => "its proxies are not Envoy. What it would refuse or change passes as it is.",
        WasmPlugin or TrafficExtension => "waypoints run no extensions. What it would refuse or change passes as it is.",
        ProxyConfig => "settings of a waypoint stand in the ConfigMap that spec.infrastructure.parametersRef of its Gateway names.",
        Sidecar => "there are no sidecars. It limits neither what workloads reach nor what they are told of.",
        _ => "machines do not register themselves. Write a WorkloadEntry for each.",
    };
}
