using System.Text.Json;
using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>What a route's <c>status.parents</c> or a policy's <c>status.ancestors</c> becomes: our entries as wanted, other controllers' as they stand, where they stand. Pure.</summary>
/// <remarks>
/// It is a list that server-side apply replaces as a whole, so it is read, changed and written back: the write holds only for the version that was read.
/// </remarks>
internal static class ParentStatuses
{
    /// <param name="entries">As last heard of.</param>
    /// <param name="now">When a condition whose status has changed is said to have changed.</param>
    /// <returns>A merge patch (RFC 7396), or null if nothing needs to be written.</returns>
    public static byte[]? Write(ConditionSet wanted, StatusEntries entries, DateTimeOffset now)
    {
        if (IsOld(wanted, entries) || entries.Say(wanted.Parents!)) return null;

        var left = wanted.Parents!.ToList();
        return Patch(entries, json =>
        {
            foreach (var entry in entries.All)
            {
                if (entries.OursOf(entry) is not { } ours) entry.WriteTo(json);
                else if (left.Find(parent => StatusEntries.KeyOf(parent.Reference) == StatusEntries.KeyOf(ours.Reference)) is { } parent)
                {
                    left.Remove(parent);
                    Write(json, entries, parent.Reference, [.. parent.Conditions, .. ours.Conditions.Where(condition => StatusEntries.IsRejection(condition, parent.Conditions))], ours.Conditions, now);
                }
            }
            foreach (var parent in left) Write(json, entries, parent.Reference, parent.Conditions, [], now);
        });
    }

    /// <summary>The same where one family of conditions is to be said, or no longer said, at each of our entries.</summary>
    /// <returns>As for <see cref="Write(ConditionSet, StatusEntries, DateTimeOffset)"/>.</returns>
    public static byte[]? WriteAtEach(ConditionSet wanted, StatusEntries entries, DateTimeOffset now)
    {
        if (IsOld(wanted, entries) || entries.Ours.All(entry => StatusDocument.IsSaid(wanted, entry.Conditions))) return null;

        var family = ConditionFamilies.TypesOf(wanted.FieldManager);
        return Patch(entries, json =>
        {
            foreach (var entry in entries.All)
            {
                if (entries.OursOf(entry) is not { } ours) entry.WriteTo(json);
                else Write(json, entries, ours.Reference, [.. ours.Conditions.Where(condition => !family.Contains(condition.Type)), .. wanted.Conditions], ours.Conditions, now);
            }
        });
    }

    // Somebody of ours has looked at a later version than this one.
    private static bool IsOld(ConditionSet wanted, StatusEntries entries) => entries.Conditions.Any(condition => condition.ObservedGeneration > wanted.ObservedGeneration);

    private static byte[] Patch(StatusEntries entries, Action<Utf8JsonWriter> writeEntries)
    {
        var output = new MemoryStream();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartObject("metadata"u8);
        json.WriteString("resourceVersion"u8, entries.Object.ResourceVersion);
        json.WriteEndObject();
        json.WriteStartObject("status"u8);
        json.WriteStartArray(entries.List);
        writeEntries(json);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return output.ToArray();
    }

    private static void Write(
        Utf8JsonWriter json, StatusEntries entries, ParentReference reference, IReadOnlyList<Condition> wanted, IReadOnlyList<Condition> shown, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WritePropertyName(entries.Reference);
        JsonSerializer.Serialize(json, reference, KubernetesJson.Default.ParentReference);
        json.WriteString("controllerName"u8, StatusEntries.Controller);
        json.WritePropertyName("conditions"u8);
        JsonSerializer.Serialize(json, [.. StatusDocument.Dated(wanted, shown, now)], KubernetesJson.Default.IReadOnlyListCondition);
        json.WriteEndObject();
    }
}
