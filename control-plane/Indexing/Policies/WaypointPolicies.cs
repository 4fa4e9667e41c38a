using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using AuthorizationPolicy = Ambient.Model.Policies.AuthorizationPolicy;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>Policies that nobody wrote, for workloads behind a waypoint. Pure.</summary>
internal static class WaypointPolicies
{
    public static string KeyOf(Waypoint waypoint) => $"{waypoint.Name.Namespace}/{NameOf(waypoint)}";

    /// <summary>Lets the waypoint in where others are let in by name.</summary>
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
                Principals = waypoint.ServiceAccounts.Select(account => PrincipalOf(new(waypoint.Name.Namespace, account), trustDomain)).ToEquatableArray(),
            }])]),
        ],
    };

    /// <summary>What keeps out whoever comes around the waypoints of a workload of that namespace: all of its ports if it asks for one itself, else those through which services lead that do.</summary>
    /// <param name="own">What it asks for itself.</param>
    /// <param name="services">What the services ask that it is an endpoint of, and where their ports lead on it.</param>
    public static IEnumerable<AuthorizationPolicy> Guards(
        string ns, WaypointDemand? own, IReadOnlyCollection<(WaypointDemand Demand, PortMap Ports)> services, string trustDomain)
    {
        if (own is not null)
        {
            yield return Guard(ns, WaypointDemand.Union(services.Select(static service => service.Demand).Prepend(own)), null, trustDomain);
            yield break;
        }
        var byPort = services
            .SelectMany(static service => service.Ports.Entries.Select(port => (Port: port.TargetPort, service.Demand)))
            .Where(static one => one.Port > 0)
            .GroupBy(static one => one.Port, static one => one.Demand);
        foreach (var port in byPort.OrderBy(static port => port.Key))
            yield return Guard(ns, WaypointDemand.Union(port), port.Key, trustDomain);
    }

    private static AuthorizationPolicy Guard(string ns, WaypointDemand demand, ushort? port, string trustDomain)
    {
        var match = new PolicyMatch
        {
            NotPrincipals = demand.Callers.Select(caller => PrincipalOf(caller, trustDomain)).ToEquatableArray(),
            DestinationPorts = port is { } number ? [number] : default,
        };
        return new()
        {
            Name = NameOf(ns, demand, port, trustDomain),
            Namespace = ns,
            Scope = PolicyScope.WorkloadSelector,
            Action = PolicyAction.Deny,
            RequiredWaypoint = string.Join(" or ", demand.Waypoints),
            // A rule without clauses holds for everybody, a match without values for nobody.
            Rules = [new(match.IsEmpty ? default : [new([match])])],
        };
    }

    // Workloads that ask for the same share one policy; the end of its name tells callers apart.
    private static string NameOf(string ns, WaypointDemand demand, ushort? port, string trustDomain)
    {
        var waypoints = demand.Waypoints.Select(name => name.Namespace == ns ? name.Name : $"{name.Namespace}.{name.Name}");
        var callers = SHA256.HashData(Encoding.UTF8.GetBytes($"{trustDomain} {string.Join(' ', demand.Callers)}"));
        return $"waypoint_required_{string.Join('_', waypoints)}_{port?.ToString(CultureInfo.InvariantCulture) ?? "all"}_{Convert.ToHexStringLower(callers.AsSpan(0, 8))}";
    }

    private static StringMatcher PrincipalOf(ObjectName account, string trustDomain) =>
        StringMatcher.Exact($"{trustDomain}/ns/{account.Namespace}/sa/{account.Name}");

    private static string NameOf(Waypoint waypoint) => $"istio_allow_waypoint_{waypoint.Name.Namespace}_{waypoint.Name.Name}";
}
