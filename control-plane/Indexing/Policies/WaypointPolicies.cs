using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Model;
using Ambient.Model.Policies;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>Policies that nobody wrote: workloads behind a waypoint accept its identities. Pure.</summary>
internal static class WaypointPolicies
{
    public static string KeyOf(Waypoint waypoint) => $"{waypoint.Name.Namespace}/{NameOf(waypoint)}";

    public static AuthorizationPolicy Allow(Waypoint waypoint, string trustDomain) => new()
    {
        Name = NameOf(waypoint),
        Namespace = waypoint.Name.Namespace,
        Scope = PolicyScope.WorkloadSelector,
        Action = PolicyAction.Allow,
        Rules =
        [
            new([new([new()
            {
                Principals = waypoint.ServiceAccounts
                    .Select(account => StringMatcher.Exact($"{trustDomain}/ns/{waypoint.Name.Namespace}/sa/{account}")).ToEquatableArray(),
            }])]),
        ],
    };

    private static string NameOf(Waypoint waypoint) => $"istio_allow_waypoint_{waypoint.Name.Namespace}_{waypoint.Name.Name}";
}
