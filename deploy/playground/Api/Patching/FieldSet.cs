using System.Text.Json.Nodes;
using Ambient.Playground.Api.Schemas;

namespace Ambient.Playground.Api.Patching;

/// <summary>
/// Paths of fields as a tree, written as FieldsV1: <c>f:name</c> a field, <c>k:{…}</c> an element by its key, <c>v:…</c> one
/// by its value, <c>.</c> the place itself.
/// </summary>
internal sealed class FieldSet
{
    private readonly SortedDictionary<string, FieldSet> _children = new(StringComparer.Ordinal);

    /// <summary>This place itself belongs to the set, not only what is below.</summary>
    public bool IsMember { get; private set; }

    public bool IsEmpty => !IsMember && _children.Count == 0;

    public IReadOnlyDictionary<string, FieldSet> Children => _children;

    public static FieldSet Leaf() => new() { IsMember = true };

    /// <summary>Every value that a document sets, as finely as the schema lets owners share it.</summary>
    public static FieldSet Of(Schema schema, JsonNode? value)
    {
        var set = new FieldSet();
        switch (value)
        {
            case JsonObject map when !schema.IsAtomic && map.Count > 0:
                foreach (var (name, child) in map) set.AddChild($"f:{name}", Of(ChildOf(schema, name), child));
                return set;
            case JsonArray list when IsShared(schema) && list.Count > 0:
                foreach (var item in list)
                {
                    var element = schema.IsSet ? Leaf() : Of(schema.Items!, item);
                    element.IsMember = true;
                    set.AddChild(ListKey.Of(schema, item!), element);
                }
                return set;
            default:
                return Leaf();
        }
    }

    /// <summary>Adds to <paramref name="changed"/> what is new or different in a document, to <paramref name="removed"/> what is gone.</summary>
    public static void Compare(Schema schema, JsonNode? old, JsonNode? next, FieldSet changed, FieldSet removed)
    {
        if (JsonNode.DeepEquals(old, next)) return;
        if (old is JsonObject { Count: > 0 } before && next is JsonObject { Count: > 0 } after && !schema.IsAtomic)
        {
            foreach (var (name, value) in after)
                Compare(ChildOf(schema, name), before.TryGetPropertyValue(name, out var known) ? known : null, value, changed.Part($"f:{name}"), removed.Part($"f:{name}"));
            foreach (var (name, value) in before)
                if (!after.ContainsKey(name)) removed.Part($"f:{name}").Include(Of(ChildOf(schema, name), value));
        }
        else if (old is JsonArray { Count: > 0 } left && next is JsonArray { Count: > 0 } right && IsShared(schema))
        {
            CompareElements(schema, left, right, changed, removed);
        }
        else
        {
            if (old is not null) removed.Include(Of(schema, old));
            if (next is not null) changed.Include(Of(schema, next));
        }
        changed.Trim();
        removed.Trim();
    }

    private static void CompareElements(Schema schema, JsonArray old, JsonArray next, FieldSet changed, FieldSet removed)
    {
        var before = old.OfType<JsonNode>().ToLookup(item => ListKey.Of(schema, item));
        foreach (var item in next.OfType<JsonNode>())
        {
            var key = ListKey.Of(schema, item);
            if (!before.Contains(key)) changed.Part(key).Include(Of(schema, new JsonArray(item.DeepClone())).Child(key)!);
            else if (!schema.IsSet) Compare(schema.Items!, before[key].First(), item, changed.Part(key), removed.Part(key));
        }
        var after = next.OfType<JsonNode>().Select(item => ListKey.Of(schema, item)).ToHashSet();
        foreach (var group in before.Where(group => !after.Contains(group.Key)))
            removed.Part(group.Key).Include(Of(schema, new JsonArray(group.First().DeepClone())).Child(group.Key)!);
    }

    public static bool IsShared(Schema schema) => schema.Type == SchemaType.List && (schema.IsSet || schema.ListKeys.Count > 0);

    public static Schema ChildOf(Schema schema, string name) => schema.Type switch
    {
        SchemaType.Object => schema.Find(name)?.Schema ?? Schema.Anything,
        SchemaType.Map => schema.Items!,
        _ => Schema.Anything,
    };

    public FieldSet? Child(string element) => _children.GetValueOrDefault(element);

    public FieldSet Union(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember || other.IsMember };
        foreach (var (element, child) in _children)
            result.AddChild(element, other.Child(element) is { } more ? child.Union(more) : child);
        foreach (var (element, child) in other._children)
            if (!_children.ContainsKey(element)) result.AddChild(element, child);
        return result;
    }

    public FieldSet Except(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember && !other.IsMember };
        foreach (var (element, child) in _children)
            result.AddChild(element, other.Child(element) is { } less ? child.Except(less) : child);
        return result;
    }

    public FieldSet Intersect(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember && other.IsMember };
        foreach (var (element, child) in _children)
            if (other.Child(element) is { } both) result.AddChild(element, child.Intersect(both));
        return result;
    }

    /// <summary>The members at or below here, as paths.</summary>
    public IEnumerable<IReadOnlyList<string>> Paths()
    {
        if (IsMember) yield return [];
        foreach (var (element, child) in _children)
            foreach (var path in child.Paths()) yield return [element, .. path];
    }

    public void Add(IEnumerable<string> path)
    {
        var place = this;
        foreach (var element in path)
        {
            if (!place._children.TryGetValue(element, out var next)) place._children[element] = next = new();
            place = next;
        }
        place.IsMember = true;
    }

    public void Remove(string element) => _children.Remove(element);

    public JsonObject ToFields()
    {
        var fields = new JsonObject();
        if (IsMember && _children.Count > 0) fields["."] = new JsonObject();
        foreach (var (element, child) in _children) fields[element] = child.ToFields();
        return fields;
    }

    public static FieldSet FromFields(JsonObject? fields)
    {
        var set = new FieldSet();
        if (fields is null) return set;
        foreach (var (element, child) in fields)
        {
            if (element == ".") set.IsMember = true;
            else set._children[element] = FromFields(child as JsonObject);
        }
        if (set._children.Count == 0) set.IsMember = true;
        return set;
    }

    public bool SameAs(FieldSet other) => IsMember == other.IsMember && _children.Count == other._children.Count
        && _children.All(child => other.Child(child.Key) is { } twin && child.Value.SameAs(twin));

    private FieldSet Part(string element)
    {
        if (!_children.TryGetValue(element, out var part)) _children[element] = part = new();
        return part;
    }

    private void Include(FieldSet other)
    {
        IsMember |= other.IsMember;
        foreach (var (element, child) in other._children) Part(element).Include(child);
    }

    private void Trim()
    {
        foreach (var element in _children.Where(child => child.Value.IsEmpty).Select(child => child.Key).ToList()) _children.Remove(element);
    }

    private void AddChild(string element, FieldSet child)
    {
        if (!child.IsEmpty) _children[element] = child;
    }
}
