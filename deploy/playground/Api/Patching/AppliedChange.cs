using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Schemas;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Patching;

/// <summary>
/// Server-side apply: the writer's document is all it wants. What it names it owns; what it named before and no longer
/// does goes, unless somebody else owns it too; what others own and it wants otherwise is a conflict.
/// </summary>
internal sealed class AppliedChange(ResourceKind kind, KindVersion version, WriteOptions options, JsonNode now)
{
    /// <param name="live">The newest state, which may be changed; null if there is none.</param>
    /// <param name="wanted">May be changed.</param>
    /// <exception cref="StatusException">Conflict, unless <paramref name="force"/>.</exception>
    public JsonObject Merge(JsonObject? live, JsonObject wanted, bool force)
    {
        if (wanted.At("metadata", "managedFields") is JsonArray { Count: > 0 }) throw StatusException.BadRequest("metadata.managedFields must be nil");
        wanted = (JsonObject)WithoutNulls(wanted)!;
        if (options.Subresource == "status") wanted = Only(wanted, "status");
        else if (kind.HasStatus) wanted.Remove("status");
        var fields = OwnedFields.Of(version.Schema, wanted);
        var mine = new FieldOwner(options.Owner, "Apply", kind.ApiVersionOf(version.Name), options.Subresource, fields, now.DeepClone());
        if (live is null)
        {
            OwnedFields.Write(wanted, [mine]);
            return wanted;
        }

        var owners = OwnedFields.Read(live);
        var before = owners.Find(mine.IsSame);
        var others = Settle(owners.Where(owner => !mine.IsSame(owner)).ToList(), fields, live, wanted, force);
        var result = MergeObject(version.Schema, live, wanted);
        if (before is not null) RemoveAbandoned(result, before.Fields, fields, others);
        if (before is not null && before.Fields.SameAs(fields) && before.Time is not null) mine = mine with { Time = before.Time };
        OwnedFields.Write(result, before is null ? [.. others, mine] : owners.Select(owner => mine.IsSame(owner) ? mine : others.Find(owner.IsSame)!));
        return result;
    }

    private List<FieldOwner> Settle(List<FieldOwner> others, FieldSet fields, JsonObject live, JsonObject wanted, bool force)
    {
        var conflicts = new List<(FieldOwner Owner, IReadOnlyList<string> Path)>();
        var settled = new List<FieldOwner>();
        foreach (var other in others)
        {
            var disputed = new FieldSet();
            foreach (var path in fields.Intersect(other.Fields).Paths())
            {
                if (path[^1][0] == 'k' || JsonNode.DeepEquals(FieldPath.Find(live, path), FieldPath.Find(wanted, path))) continue;
                disputed.Add(path);
                conflicts.Add((other, path));
            }
            settled.Add(other with { Fields = other.Fields.Except(disputed) });
        }
        if (conflicts.Count > 0 && !force) throw Conflict(conflicts);
        return settled;
    }

    private static void RemoveAbandoned(JsonObject result, FieldSet before, FieldSet now, List<FieldOwner> others)
    {
        var owned = others.Aggregate(now, (all, other) => all.Union(other.Fields));
        // From the outside in: an element goes as a whole unless somebody else holds something in it.
        var gone = new List<IReadOnlyList<string>>();
        foreach (var path in before.Except(owned).Paths().OrderBy(path => path.Count))
        {
            if (gone.Any(above => path.Take(above.Count).SequenceEqual(above)) || HasMembersBelow(owned, path)) continue;
            FieldPath.Remove(result, path);
            gone.Add(path);
        }
    }

    private static bool HasMembersBelow(FieldSet set, IReadOnlyList<string> path)
    {
        foreach (var element in path)
        {
            if (set.Child(element) is not { } child) return false;
            set = child;
        }
        return !set.IsEmpty;
    }

    private static JsonObject MergeObject(Schema schema, JsonObject live, JsonObject wanted)
    {
        foreach (var (name, value) in wanted)
        {
            var merged = MergeValue(FieldSet.ChildOf(schema, name), live[name], value);
            if (!ReferenceEquals(merged, live[name])) live[name] = merged;
        }
        return live;
    }

    private static JsonNode? MergeValue(Schema schema, JsonNode? live, JsonNode? wanted) => (live, wanted) switch
    {
        (JsonObject old, JsonObject changes) when !schema.IsAtomic => MergeObject(schema, old, changes),
        (JsonArray old, JsonArray changes) when FieldSet.IsShared(schema) => MergeList(schema, old, changes),
        _ => wanted?.DeepClone(),
    };

    private static JsonArray MergeList(Schema schema, JsonArray live, JsonArray wanted)
    {
        var keys = live.Select(item => item is null ? "" : ListKey.Of(schema, item)).ToList();
        foreach (var item in wanted.OfType<JsonNode>())
        {
            var index = keys.IndexOf(ListKey.Of(schema, item));
            if (index < 0)
            {
                live.Add(item.DeepClone());
            }
            else
            {
                var merged = MergeValue(schema.Items!, live[index], item);
                if (!ReferenceEquals(merged, live[index])) live[index] = merged;
            }
        }
        return live;
    }

    private static StatusException Conflict(List<(FieldOwner Owner, IReadOnlyList<string> Path)> conflicts)
    {
        static string Who(FieldOwner owner) => $"conflict with \"{owner.Name}\"{(owner.Subresource.Length > 0 ? $" with subresource \"{owner.Subresource}\"" : "")}{(owner.Operation == "Apply" ? "" : $" using {owner.ApiVersion}")}";
        var lines = conflicts.GroupBy(conflict => Who(conflict.Owner)).Select(group =>
        {
            var paths = group.Select(conflict => FieldPath.Print(conflict.Path)).Distinct().ToList();
            return paths.Count == 1 ? $"{group.Key}: {paths[0]}" : $"{group.Key}:\n{string.Join('\n', paths.Select(path => $"- {path}"))}";
        }).ToList();
        var word = conflicts.Count == 1 ? "conflict" : "conflicts";
        var causes = conflicts.Select(conflict => (JsonNode)new JsonObject
        {
            ["reason"] = "FieldManagerConflict", ["message"] = Who(conflict.Owner), ["field"] = FieldPath.Print(conflict.Path),
        });
        return new(409, "Conflict", $"Apply failed with {conflicts.Count} {word}: {string.Join('\n', lines)}", new JsonObject { ["causes"] = new JsonArray([.. causes]) });
    }

    private static JsonObject Only(JsonObject document, string field)
    {
        var result = new JsonObject { ["metadata"] = new JsonObject() };
        if (document[field] is { } value) result[field] = value.DeepClone();
        return result;
    }

    private static JsonNode? WithoutNulls(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            var result = new JsonObject();
            foreach (var (name, value) in map)
                if (value is not null) result[name] = WithoutNulls(value);
            return result;
        }
        return node is JsonArray list ? new JsonArray([.. list.Select(WithoutNulls)]) : node?.DeepClone();
    }
}
