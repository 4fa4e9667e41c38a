using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Schemas;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Patching;

/// <summary>One entry of <c>managedFields</c>: who set which fields by which operation.</summary>
internal sealed record FieldOwner(string Name, string Operation, string ApiVersion, string Subresource, FieldSet Fields, JsonNode? Time)
{
    public bool IsSame(FieldOwner other) =>
        Name == other.Name && Operation == other.Operation && Subresource == other.Subresource && (Operation == "Apply" || ApiVersion == other.ApiVersion);

    public static FieldOwner Read(JsonObject entry) => new(
        entry.Text("manager") ?? "", entry.Text("operation") ?? "", entry.Text("apiVersion") ?? "", entry.Text("subresource") ?? "",
        FieldSet.FromFields(entry.ObjectAt("fieldsV1")), entry["time"]?.DeepClone());

    public JsonObject Write()
    {
        var entry = new JsonObject { ["manager"] = Name, ["operation"] = Operation, ["apiVersion"] = ApiVersion };
        if (Time is not null) entry["time"] = Time.DeepClone();
        entry["fieldsType"] = "FieldsV1";
        entry["fieldsV1"] = Fields.ToFields();
        if (Subresource.Length > 0) entry["subresource"] = Subresource;
        return entry;
    }
}

/// <summary>Keeps <c>managedFields</c> of an object.</summary>
internal static class OwnedFields
{
    // What the server keeps, or what says which object this is; nobody owns it.
    private static readonly string[] Unowned =
        ["name", "namespace", "generateName", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"];

    public static List<FieldOwner> Read(JsonObject document) => [.. document.ObjectsAt("metadata", "managedFields").Select(FieldOwner.Read)];

    public static void Write(JsonObject document, IEnumerable<FieldOwner> owners)
    {
        var entries = owners.Where(owner => !owner.Fields.IsEmpty).Select(owner => (JsonNode)owner.Write()).ToArray();
        var metadata = document.Child("metadata");
        metadata.Remove("managedFields");
        if (entries.Length > 0) metadata["managedFields"] = new JsonArray(entries);
    }

    public static FieldSet Of(Schema schema, JsonObject document)
    {
        var all = FieldSet.Of(schema, document);
        WithoutUnowned(all);
        return all;
    }

    /// <summary>An ordinary write: what it changed is its writer's from now on.</summary>
    public static void TrackUpdate(ResourceKind kind, JsonObject? old, JsonObject next, WriteOptions options, JsonNode now)
    {
        var version = kind.FindVersion(options.Version ?? kind.Storage.Name) ?? kind.Storage;
        var owners = old is null || IsReset(next) ? [] : Read(old);
        FieldSet changed;
        if (old is null)
        {
            changed = Of(version.Schema, next);
        }
        else
        {
            changed = new();
            var removed = new FieldSet();
            FieldSet.Compare(version.Schema, old, next, changed, removed);
            WithoutUnowned(changed);
            WithoutUnowned(removed);
            var lost = removed.Union(changed);
            if (!lost.IsEmpty) owners = [.. owners.Select(owner => owner with { Fields = owner.Fields.Except(lost) })];
        }
        if (!changed.IsEmpty)
        {
            var mine = new FieldOwner(options.Owner, "Update", kind.ApiVersionOf(version.Name), options.Subresource, changed, now.DeepClone());
            var index = owners.FindIndex(mine.IsSame);
            if (index < 0) owners.Add(mine);
            else owners[index] = mine with { Fields = owners[index].Fields.Union(changed) };
        }
        Write(next, owners);
    }

    /// <summary>Whether two states have the same owners of the same fields; times do not matter.</summary>
    public static bool SameOwners(JsonNode? one, JsonNode? other)
    {
        static List<FieldOwner> All(JsonNode? entries) => entries is JsonArray list ? [.. list.OfType<JsonObject>().Select(FieldOwner.Read)] : [];
        var (first, second) = (All(one), All(other));
        return first.Count == second.Count && first.Zip(second).All(pair => pair.First.IsSame(pair.Second) && pair.First.Fields.SameAs(pair.Second.Fields));
    }

    private static void WithoutUnowned(FieldSet all)
    {
        all.Remove("f:apiVersion");
        all.Remove("f:kind");
        if (all.Child("f:metadata") is not { } metadata) return;
        foreach (var field in Unowned) metadata.Remove($"f:{field}");
        if (metadata.Children.Count == 0) all.Remove("f:metadata");
    }

    // Clients clear the owners by sending one empty entry.
    private static bool IsReset(JsonObject next) => next.At("metadata", "managedFields") is JsonArray { Count: <= 1 } list
        && (list.Count == 0 || list[0] is JsonObject { Count: 0 });
}
