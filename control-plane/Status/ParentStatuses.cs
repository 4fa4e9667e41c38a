using System.Text.Json;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>What a route's <c>status.parents</c> becomes: our entries as wanted, other controllers' as they stand, where they stand. Pure.</summary>
/// <remarks>
/// It is a list that server-side apply replaces as a whole, so it is read, changed and written back: the write holds only for the version that was read.
/// </remarks>
internal static class ParentStatuses
{
    /// <param name="route">As last heard of.</param>
    /// <param name="now">When a condition whose status has changed is said to have changed.</param>
    /// <returns>A merge patch (RFC 7396), or null if nothing needs to be written.</returns>
    public static byte[]? Write(ConditionSet wanted, RouteObject route, DateTimeOffset now)
    {
        var shown = (route.Status?.Parents ?? []).Select(static json => (Json: json, Ours: RouteConditions.OursOf(json))).ToList();
        // Somebody of ours has looked at a later version than this one.
        var isOld = shown.Any(entry => entry.Ours?.Conditions?.Any(condition => condition?.ObservedGeneration > wanted.ObservedGeneration) == true);
        if (isOld || RouteConditions.IsSaid(wanted.Parents!, route.Status)) return null;

        var left = wanted.Parents!.ToList();
        return Patch(route, json =>
        {
            foreach (var (entry, ours) in shown)
            {
                if (ours is null) entry.WriteTo(json);
                else if (left.Find(parent => RouteConditions.KeyOf(parent.Reference) == RouteConditions.KeyOf(ours.ParentRef)) is { } parent)
                {
                    left.Remove(parent);
                    Write(json, parent.Reference, [.. parent.Conditions, .. Shown(ours).Where(condition => RouteConditions.IsRejection(condition, parent.Conditions))], Shown(ours), now);
                }
            }
            foreach (var parent in left) Write(json, parent.Reference, parent.Conditions, [], now);
        });
    }

    /// <summary>The same where one family of conditions is to be said, or no longer said, at each of our parents.</summary>
    /// <returns>As for <see cref="Write(ConditionSet, RouteObject, DateTimeOffset)"/>.</returns>
    public static byte[]? WriteAtEach(ConditionSet wanted, RouteObject route, DateTimeOffset now)
    {
        var shown = (route.Status?.Parents ?? []).Select(static json => (Json: json, Ours: RouteConditions.OursOf(json))).ToList();
        if (shown.All(entry => entry.Ours is null || StatusDocument.IsSaid(wanted, Shown(entry.Ours)))) return null;

        var family = ConditionFamilies.TypesOf(wanted.FieldManager);
        return Patch(route, json =>
        {
            foreach (var (entry, ours) in shown)
            {
                if (ours is null) entry.WriteTo(json);
                else Write(json, ours.ParentRef, [.. Shown(ours).Where(condition => !family.Contains(condition.Type)), .. wanted.Conditions], Shown(ours), now);
            }
        });
    }

    private static IReadOnlyList<Condition> Shown(RouteParentStatus entry) => [.. (entry.Conditions ?? []).OfType<Condition>()];

    private static byte[] Patch(RouteObject route, Action<Utf8JsonWriter> writeParents)
    {
        var output = new MemoryStream();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartObject("metadata"u8);
        json.WriteString("resourceVersion"u8, route.Metadata.ResourceVersion);
        json.WriteEndObject();
        json.WriteStartObject("status"u8);
        json.WriteStartArray("parents"u8);
        writeParents(json);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return output.ToArray();
    }

    private static void Write(Utf8JsonWriter json, ParentReference parent, IReadOnlyList<Condition> wanted, IReadOnlyList<Condition> shown, DateTimeOffset now) => JsonSerializer.Serialize(json, new RouteParentStatus
    {
        ParentRef = parent,
        ControllerName = RouteConditions.Controller,
        Conditions = [.. StatusDocument.Dated(wanted, shown, now)],
    }, KubernetesJson.Default.RouteParentStatus);
}
