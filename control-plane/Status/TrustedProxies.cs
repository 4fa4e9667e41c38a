using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.ControlPlane.Publishing;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>Whose word counts about objects of other namespaces: node proxies, by the accounts that are trusted to be one, and waypoints. Thread-safe.</summary>
internal sealed class TrustedProxies(IReadOnlyCollection<ObjectName> nodeAccounts, ClusterInformers informers)
{
    public bool Has(Caller caller) => nodeAccounts.Contains(new(caller.Namespace, caller.ServiceAccount)) || informers.Gateways.All.Any(gateway =>
        gateway.Metadata.Namespace == caller.Namespace && WaypointBuilder.ServiceAccountOf(gateway) == caller.ServiceAccount && IsWaypoint(gateway));

    private bool IsWaypoint(Gateway gateway) =>
        informers.GatewayClasses.Find(new("", gateway.Spec?.GatewayClassName ?? ""))?.Spec is { } spec && WaypointControllers.RunsWaypoints(spec.ControllerName);
}
