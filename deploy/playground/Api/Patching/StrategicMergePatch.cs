using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Schemas;

namespace Ambient.Playground.Api.Patching;

/// <summary>
/// Strategic merge patch: a merge patch that knows, from the schema, by which field lists are merged. Directives:
/// <c>$patch</c> (replace, delete, merge), <c>$retainKeys</c>, <c>$deleteFromPrimitiveList/x</c>, <c>$setElementOrder/x</c>.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch", RetainKeys = "$retainKeys", DeletePrimitives = "$deleteFromPrimitiveList/", ElementOrder = "$setElementOrder/";

    /// <param name="target">Changed and returned.</param>
    /// <param name="patch">Left as it is.</param>
    /// <exception cref="StatusException">BadRequest: a directive that makes no sense.</exception>
    public static JsonObject Apply(Schema schema, JsonObject target, JsonNode? patch) =>
        MergeObject(schema, target, patch as JsonObject ?? throw StatusException.BadRequest("a strategic merge patch is a JSON object"))
        ?? throw StatusException.BadRequest("a strategic merge patch cannot delete the object itself; use DELETE");

    private static JsonObject? MergeObject(Schema schema, JsonObject target, JsonObject patch)
    {
        switch (patch.Text(Directive))
        {
            case "replace":
                target.Clear();
                break;
            case "delete":
                return null;
            case null or "merge":
                break;
            case var other:
                throw StatusException.BadRequest($"unknown patch directive $patch: {other}; known are replace, delete and merge");
        }
        Retain(target, patch);
        foreach (var (name, value) in patch)
        {
            if (name is Directive or RetainKeys) continue;
            if (name.StartsWith(DeletePrimitives, StringComparison.Ordinal)) Subtract(target, name[DeletePrimitives.Length..], value);
            else if (!name.StartsWith(ElementOrder, StringComparison.Ordinal)) MergeField(ChildOf(schema, name), target, name, value);
        }
        foreach (var (name, value) in patch)
            if (name.StartsWith(ElementOrder, StringComparison.Ordinal)) Order(ChildOf(schema, name[ElementOrder.Length..]), target, name[ElementOrder.Length..], value);
        return target;
    }

    private static Schema ChildOf(Schema schema, string name) => schema.Type switch
    {
        SchemaType.Object => schema.Find(name)?.Schema ?? Schema.Anything,
        SchemaType.Map => schema.Items!,
        _ => Schema.Anything,
    };

    private static void Retain(JsonObject target, JsonObject patch)
    {
        if (patch[RetainKeys] is not JsonArray) return;
        var kept = patch.TextsAt(RetainKeys).ToHashSet();
        foreach (var name in target.Select(field => field.Key).Where(name => !kept.Contains(name)).ToList()) target.Remove(name);
    }

    private static void MergeField(Schema schema, JsonObject target, string name, JsonNode? value)
    {
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject changes:
                var old = target[name] as JsonObject;
                var merged = MergeObject(schema, old ?? [], changes);
                if (merged is null) target.Remove(name);
                else if (!ReferenceEquals(merged, old)) target[name] = merged;
                break;
            case JsonArray items when schema.MergeKey is not null:
                target[name] = MergeList(schema, target[name] as JsonArray ?? [], items);
                break;
            case JsonArray items:
                target[name] = Plain(items);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray MergeList(Schema schema, JsonArray live, JsonArray patch)
    {
        var result = live.Select(item => item?.DeepClone()).ToList();
        if (patch.Any(item => item.Text(Directive) == "replace")) result.Clear();
        foreach (var item in patch)
        {
            if (schema.MergeKey!.Length == 0 || item is not JsonObject changes)
            {
                if (!result.Any(other => JsonNode.DeepEquals(other, item))) result.Add(item?.DeepClone());
            }
            else if (!(changes.Count == 1 && changes.Text(Directive) == "replace"))
            {
                MergeItem(schema, result, changes);
            }
        }
        return new([.. result]);
    }

    private static void MergeItem(Schema schema, List<JsonNode?> result, JsonObject changes)
    {
        var key = changes[schema.MergeKey!] ?? throw StatusException.BadRequest(
            $"map: {changes.ToText()} does not contain declared merge key: {schema.MergeKey}");
        // A port may appear with several protocols; the merge key alone cannot tell, the list's full key can.
        var index = changes.Text(Directive) is null && schema.ListKeys.Count > 1
            ? result.FindIndex(item => item is not null && ListKey.Of(schema, item) == ListKey.Of(schema, changes)) : -1;
        if (index < 0) index = result.FindIndex(item => JsonNode.DeepEquals(item.At(schema.MergeKey!), key));
        if (changes.Text(Directive) == "delete")
        {
            result.RemoveAll(item => JsonNode.DeepEquals(item.At(schema.MergeKey!), key));
            return;
        }
        var merged = MergeObject(schema.Items!, index < 0 ? [] : (JsonObject)result[index]!, changes)!;
        if (index < 0) result.Add(merged);
        else result[index] = merged;
    }

    private static void Subtract(JsonObject target, string name, JsonNode? values)
    {
        if (target[name] is not JsonArray list || values is not JsonArray gone) return;
        target[name] = new JsonArray([.. list.Where(item => !gone.Any(other => JsonNode.DeepEquals(item, other))).Select(item => item?.DeepClone())]);
    }

    // Named elements come in the given order; those only the server knows stay behind the element that they followed.
    private static void Order(Schema schema, JsonObject target, string name, JsonNode? order)
    {
        if (target[name] is not JsonArray list || order is not JsonArray wanted || schema.MergeKey is null) return;
        JsonNode? Key(JsonNode? item) => schema.MergeKey.Length == 0 ? item : item.At(schema.MergeKey);
        int Rank(JsonNode? item)
        {
            for (var i = 0; i < wanted.Count; i++)
                if (JsonNode.DeepEquals(Key(wanted[i]), Key(item))) return i;
            return -1;
        }
        var items = list.Select(item => item?.DeepClone()).ToList();
        var ordered = items.Where(item => Rank(item) >= 0).OrderBy(Rank).ToList();
        for (var i = 0; i < items.Count; i++)
        {
            if (Rank(items[i]) >= 0) continue;
            var before = i == 0 ? -1 : ordered.IndexOf(items[i - 1]);
            ordered.Insert(before + 1, items[i]);
        }
        target[name] = new JsonArray([.. ordered]);
    }

    // Inside a list that is replaced, directives have nothing to act on.
    private static JsonArray Plain(JsonArray items) => new([.. items.Where(item => item.Text(Directive) is null).Select(item => item?.DeepClone())]);
}
