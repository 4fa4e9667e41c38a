using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Publishing;
using Ambient.Kubernetes.Resources;
using Ambient.Model.State;

namespace Ambient.ControlPlane.Status;

/// <summary>Says on a policy's status that a node proxy has rejected it. Thread-safe.</summary>
/// <remarks>
/// Every replica writes what its own proxies say, as no other hears of it. A line is taken away when the policy is published anew; one whose
/// replica went before that names a generation that is past.
/// </remarks>
internal sealed class PolicyRejections(ClusterInformers informers, StatusWriter writer, IStatusTarget shown)
{
    public const string ZtunnelRejected = "ambient.istio.io/ZtunnelRejected";

    /// <summary>Policies of one response that are looked at.</summary>
    private const int MostNamed = 100;
    private const int LongestReason = 1024;

    public static readonly string[] Types = [ZtunnelRejected];

    public Task RunAsync(CancellationToken stop) => writer.RunAsync(stop);

    /// <param name="detail"><c>namespace/name: reason</c>, more after <c>; </c>.</param>
    public void Report(string typeUrl, string client, string detail)
    {
        if (typeUrl != Xds.ResourceTypes.Authorization) return;
        foreach (var item in detail.Split("; ").Take(MostNamed))
        {
            var colon = item.IndexOf(": ", StringComparison.Ordinal);
            if (colon < 0 || SourceOf(item[..colon]) is not { } source) continue;
            var reason = item[(colon + 2)..];
            if (reason.Length > LongestReason) reason = $"{reason[..LongestReason]}…";
            var generation = source.Object.Metadata.Generation;
            writer.Want(new(source.Kind, ObjectName.Of(source.Object), FieldManagers.Rejection, generation, [ServiceConditions.New(ZtunnelRejected, true, "Rejected",
                $"{client} cannot use it and goes on with what it had, or refuses whom it concerns: {reason}", generation)]));
        }
    }

    /// <summary>What was said of earlier versions of these policies holds no longer.</summary>
    public void Forget(ResourceDelta published)
    {
        foreach (var policy in published.Policies)
        {
            if (SourceOf(policy.ResourceName) is not { } source) continue;
            var name = ObjectName.Of(source.Object);
            if (shown.Shown(source.Kind, name)?.Any(static condition => condition.Type == ZtunnelRejected) == true)
                writer.Want(new(source.Kind, name, FieldManagers.Rejection, source.Object.Metadata.Generation, []));
        }
    }

    private (ResourceKind Kind, KubernetesObject Object)? SourceOf(string resource)
    {
        if (resource.Split('/') is not [var ns, var name]) return null;
        if (informers.AuthorizationPolicies.Find(new(ns, name)) is { } policy) return (ResourceTypes.AuthorizationPolicy, policy);
        const string prefix = PeerAuthenticationBuilder.ConvertedPrefix;
        return name.StartsWith(prefix, StringComparison.Ordinal) && informers.PeerAuthentications.Find(new(ns, name[prefix.Length..])) is { } peer
            ? (ResourceTypes.PeerAuthentication, peer)
            : null;
    }
}
