using System.Text.Json;
using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>What is applied to an object's status so that it says what it should. Pure.</summary>
internal static class StatusDocument
{
    /// <param name="shown">The conditions that the object shows now, of any family.</param>
    /// <returns>True if nothing needs to be written.</returns>
    public static bool IsSaid(ConditionSet wanted, IReadOnlyList<Condition> shown)
    {
        var family = ConditionFamilies.TypesOf(wanted.FieldManager);
        var ours = shown.Count(condition => family.Contains(condition.Type));
        return ours == wanted.Conditions.Count && wanted.Conditions.All(condition => shown.Any(found => IsSame(condition, found)));
    }

    /// <param name="now">When a condition whose status has changed is said to have changed.</param>
    public static byte[] Write(ConditionSet wanted, IReadOnlyList<Condition> shown, DateTimeOffset now)
    {
        var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion"u8, wanted.Kind.ApiVersion);
            json.WriteString("kind"u8, wanted.Kind.Kind);
            WriteMetadata(json, wanted.Object);
            WriteStatus(json, wanted, shown, now);
            json.WriteEndObject();
        }

        return output.ToArray();
    }

    /// <summary>The same with the time since when each has had its status.</summary>
    /// <param name="now">For those whose status changes by being written.</param>
    public static IEnumerable<Condition> Dated(IEnumerable<Condition> wanted, IReadOnlyList<Condition> shown, DateTimeOffset now) =>
        wanted.Select(condition => condition with { LastTransitionTime = Since(condition, shown) ?? now });

    public static bool IsSame(Condition wanted, Condition found) =>
        wanted with { LastTransitionTime = null } == found with { LastTransitionTime = null };

    private static void WriteMetadata(Utf8JsonWriter json, ObjectName name)
    {
        json.WriteStartObject("metadata"u8);
        json.WriteString("name"u8, name.Name);
        if (name.Namespace.Length > 0) json.WriteString("namespace"u8, name.Namespace);
        json.WriteEndObject();
    }

    // A status without conditions takes away those that this manager applied before, and only those.
    private static void WriteStatus(Utf8JsonWriter json, ConditionSet wanted, IReadOnlyList<Condition> shown, DateTimeOffset now)
    {
        json.WriteStartObject("status"u8);
        if (wanted.Conditions.Count > 0)
        {
            json.WriteStartArray("conditions"u8);
            foreach (var condition in Dated(wanted.Conditions, shown, now)) JsonSerializer.Serialize(json, condition, KubernetesJson.Default.Condition);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static DateTimeOffset? Since(Condition wanted, IReadOnlyList<Condition> shown) =>
        shown.FirstOrDefault(found => found?.Type == wanted.Type && found.Status == wanted.Status)?.LastTransitionTime;
}
