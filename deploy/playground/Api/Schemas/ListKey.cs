using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Api.Schemas;

/// <summary>What tells the elements of a list apart, as field paths write it: <c>k:{"name":"a"}</c> or <c>v:"a"</c>.</summary>
internal static class ListKey
{
    public static string Of(Schema list, JsonNode item)
    {
        if (list.ListKeys.Count == 0) return $"v:{item.ToText()}";
        var key = new JsonObject();
        foreach (var name in list.ListKeys.Order(StringComparer.Ordinal))
        {
            var value = item.At(name) ?? list.Items!.Find(name)?.Default;
            if (value is not null) key[name] = value.DeepClone();
        }
        return $"k:{key.ToText()}";
    }
}
