using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Publishing;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>Says on an object's status that a node proxy or waypoint has rejected what was made of it. Thread-safe.</summary>
/// <remarks>
/// People trust a status, so whoever is no proxy of the mesh is heard about objects of his own namespace only.
/// Every replica writes what its own proxies say, as no other hears of it. A line is taken away when the resource is published anew; one whose
/// replica went before that names a generation that is past.
/// </remarks>
internal sealed class Rejections(ClusterInformers informers, StatusWriter writer, IStatusTarget shown, TrustedProxies proxies)
{
    public const string ZtunnelRejected = "ambient.istio.io/ZtunnelRejected", WaypointRejected = StatusEntries.Rejected;

    /// <summary>Resources of one response that are looked at.</summary>
    private const int MostNamed = 100;
    private const int LongestReason = 1024, LongestClient = 253;

    public static readonly string[] ZtunnelTypes = [ZtunnelRejected], WaypointTypes = [WaypointRejected];

    private sealed record Source(ResourceKind Kind, KubernetesObject Object, string FieldManager, string Condition)
    {
        public ObjectName Name { get; } = ObjectName.Of(Object);

        public ConditionSet Say(params Condition[] conditions) => new(Kind, Name, FieldManager, Object.Metadata.Generation, conditions);
    }

    public Task RunAsync(CancellationToken stop) => writer.RunAsync(stop);

    /// <param name="caller">Who says it; null where nobody needs to say who he is.</param>
    /// <param name="client">As it calls itself.</param>
    /// <param name="detail"><c>resource name: reason</c>, more after <c>; </c>.</param>
    public void Report(string typeUrl, Caller? caller, string client, string detail)
    {
        var isTrusted = caller is null || proxies.Has(caller);
        var speaker = caller is null ? Cut(client, LongestClient) : $"{caller}, {Cut(client, LongestClient)},";
        foreach (var item in detail.Split("; ").Take(MostNamed))
        {
            var colon = item.IndexOf(": ", StringComparison.Ordinal);
            if (colon < 0 || SourceOf(typeUrl, item[..colon]) is not { } source || !(isTrusted || source.Name.Namespace == caller!.Namespace)) continue;
            writer.Want(source.Say(ServiceConditions.New(source.Condition, true, "Rejected",
                $"{speaker} cannot use it and goes on with what it had, or refuses whom it concerns: {Cut(item[(colon + 2)..], LongestReason)}", source.Object.Metadata.Generation)));
        }
    }

    /// <summary>What was said of earlier versions of these resources holds no longer.</summary>
    public void Forget(IndexChanges published)
    {
        foreach (var policy in published.Delta.Policies) Forget(Xds.ResourceTypes.Authorization, policy.ResourceName);
        foreach (var resource in published.Traffic.Set) Forget(Xds.ResourceTypes.Traffic, resource.Name);
    }

    private void Forget(string typeUrl, string resource)
    {
        if (SourceOf(typeUrl, resource) is not { } source) return;
        var conditions = StatusEntries.Of(source.Object) is { } entries ? entries.Conditions : shown.Shown(source.Kind, source.Name) ?? [];
        if (conditions.Any(condition => condition.Type == source.Condition)) writer.Want(source.Say());
    }

    private static string Cut(string text, int most) => text.Length <= most ? text : $"{text[..most]}…";

    private Source? SourceOf(string typeUrl, string resource) => (typeUrl, resource.Split('/')) switch
    {
        (Xds.ResourceTypes.Authorization, [var ns, var name]) => PolicySource(new(ns, name)),
        (Xds.ResourceTypes.Traffic, [var kind, var ns, var name, ..]) => TrafficSource(kind, new(ns, name)),
        _ => null,
    };

    private Source? PolicySource(ObjectName name)
    {
        if (informers.AuthorizationPolicies.Find(name) is { } policy) return OfZtunnel(ResourceTypes.AuthorizationPolicy, policy);
        const string prefix = PeerAuthenticationBuilder.ConvertedPrefix;
        return name.Name.StartsWith(prefix, StringComparison.Ordinal) && informers.PeerAuthentications.Find(name with { Name = name.Name[prefix.Length..] }) is { } peer
            ? OfZtunnel(ResourceTypes.PeerAuthentication, peer)
            : null;
    }

    private Source? TrafficSource(string kind, ObjectName name) => kind switch
    {
        nameof(AuthorizationPolicy) => OfWaypoint(ResourceTypes.AuthorizationPolicy, informers.AuthorizationPolicies.Find(name)),
        nameof(DestinationRule) => OfWaypoint(ResourceTypes.DestinationRule, informers.DestinationRules.Find(name)),
        nameof(VirtualService) => OfWaypoint(ResourceTypes.VirtualService, informers.VirtualServices.Find(name)),
        nameof(Telemetry) => OfWaypoint(ResourceTypes.Telemetry, informers.Telemetries.Find(name)),
        "HTTPRoute" => OfWaypoint(ResourceTypes.HttpRoute, informers.HttpRoutes.Find(name)),
        "GRPCRoute" => OfWaypoint(ResourceTypes.GrpcRoute, informers.GrpcRoutes.Find(name)),
        "TCPRoute" => OfWaypoint(ResourceTypes.TcpRoute, informers.TcpRoutes.Find(name)),
        "BackendTLSPolicy" => OfWaypoint(ResourceTypes.BackendTlsPolicy, informers.BackendTlsPolicies.Find(name)),
        "TLSRoute" => OfWaypoint(ResourceTypes.TlsRoute, informers.TlsRoutes.Find(name)),
        _ => null,
    };

    private static Source OfZtunnel(ResourceKind kind, KubernetesObject source) => new(kind, source, FieldManagers.ZtunnelRejection, ZtunnelRejected);

    private static Source? OfWaypoint(ResourceKind kind, KubernetesObject? source) =>
        source is null ? null : new(kind, source, FieldManagers.WaypointRejection, WaypointRejected);
}
