using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Waypoints;

/// <summary>That connections to a service or workload come through its waypoint. Equal by content.</summary>
/// <param name="Waypoints">Those it asks for, also if they are not there: then nobody comes in. Sorted.</param>
/// <param name="Callers">Service accounts that may connect: the waypoints', and those that the user lets pass. Sorted.</param>
internal sealed record WaypointDemand(EquatableArray<ObjectName> Waypoints, EquatableArray<ObjectName> Callers)
{
    private const string Everyone = "*";

    /// <summary>Of a Service, ServiceEntry or Pod. Pure.</summary>
    /// <returns>Null if it asks for no waypoint, or lets everybody pass beside it.</returns>
    public static WaypointDemand? Of(WaypointResolution resolution, ObjectMeta meta, NamespaceFacts ns, Findings findings)
    {
        ObjectName[] waypoints = [.. resolution.All.Select(static waypoint => waypoint.Name)];
        if (resolution.Problem?.Required is { } missing) waypoints = [missing];
        if (waypoints.Length == 0) return null;

        var text = meta.Annotation(MeshAnnotations.WaypointBypass) ?? ns.Annotation(MeshAnnotations.WaypointBypass);
        if (text?.Trim() == Everyone) return null;
        return New(waypoints, resolution.All.SelectMany(AccountsOf).Concat(PassersBy(text, findings)));
    }

    /// <summary>What comes by way of any of them.</summary>
    public static WaypointDemand Union(IEnumerable<WaypointDemand> demands)
    {
        var all = demands.ToList();
        return all.Count == 1 ? all[0] : New(all.SelectMany(static demand => demand.Waypoints), all.SelectMany(static demand => demand.Callers));
    }

    private static WaypointDemand New(IEnumerable<ObjectName> waypoints, IEnumerable<ObjectName> callers) => new(Sorted(waypoints), Sorted(callers));

    private static EquatableArray<ObjectName> Sorted(IEnumerable<ObjectName> names) =>
        names.Distinct().OrderBy(static name => name.ToString(), StringComparer.Ordinal).ToEquatableArray();

    private static IEnumerable<ObjectName> AccountsOf(Waypoint waypoint) =>
        waypoint.ServiceAccounts.Select(account => new ObjectName(waypoint.Name.Namespace, account));

    // What cannot be read lets nobody pass.
    private static IEnumerable<ObjectName> PassersBy(string? text, Findings findings)
    {
        foreach (var part in text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            var names = part.Split('/');
            if (names is [{ Length: > 0 } ns, { Length: > 0 } account] && !part.Contains(Everyone)) yield return new(ns, account);
            else findings.Add($"metadata.annotations[{MeshAnnotations.WaypointBypass}]", $"{Findings.Quote(part)} is no service account; it lets nobody pass.",
                $"Write NAMESPACE/SERVICEACCOUNT, several with commas between, or {Everyone} alone for everybody.");
        }
    }
}
