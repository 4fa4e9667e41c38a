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

        var output = new MemoryStream();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartObject("metadata"u8);
        json.WriteString("resourceVersion"u8, route.Metadata.ResourceVersion);
        json.WriteEndObject();
        json.WriteStartObject("status"u8);
        json.WriteStartArray("parents"u8);
        var left = wanted.Parents!.ToList();
        foreach (var (entry, ours) in shown)
        {
            if (ours is null) entry.WriteTo(json);
            else if (left.Find(parent => RouteConditions.KeyOf(parent.Reference) == RouteConditions.KeyOf(ours.ParentRef)) is { } parent)
            {
                left.Remove(parent);
                Write(json, parent, ours.Conditions ?? [], now);
            }
        }
        foreach (var parent in left) Write(json, parent, [], now);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return output.ToArray();
    }

    private static void Write(Utf8JsonWriter json, ParentConditions parent, IReadOnlyList<Condition> shown, DateTimeOffset now) => JsonSerializer.Serialize(json, new RouteParentStatus
    {
        ParentRef = parent.Reference,
        ControllerName = RouteConditions.Controller,
        Conditions = [.. StatusDocument.Dated(parent.Conditions, [.. shown.OfType<Condition>()], now)],
    }, KubernetesJson.Default.RouteParentStatus);
}
