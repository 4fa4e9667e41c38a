using System.Text.Json.Nodes;

namespace Ambient.Playground.Api.Tables;

/// <summary>One column of what <c>kubectl get</c> shows.</summary>
/// <param name="Priority">0 is always shown, more only with <c>-o wide</c>.</param>
/// <param name="Read">The cell; null is shown as &lt;none&gt;.</param>
internal sealed record TableColumn(string Name, string Type, int Priority, Func<JsonObject, JsonNode?> Read, string Format = "", string Description = "")
{
    public JsonNode? Cell(JsonObject document) => Read(document);

    public JsonObject Definition() => new()
    {
        ["name"] = Name, ["type"] = Type, ["format"] = Format, ["description"] = Description.Length > 0 ? Description : $"{Name} of the object", ["priority"] = Priority,
    };
}
