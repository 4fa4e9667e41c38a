using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Writes what controllers found, if it is news.</summary>
internal sealed class StatusWriter(ObjectStore store, string owner)
{
    private readonly WriteOptions _status = new() { Owner = owner, Subresource = "status" };
    private readonly WriteOptions _main = new() { Owner = owner };

    public void Status(StoredObject of, Action<JsonObject> set) => store.Update(of.Kind, of.Namespace, of.Name, document =>
    {
        set(document.Child("status"));
        return document;
    }, _status);

    public StoredObject Main(StoredObject of, Action<JsonObject> set) => store.Update(of.Kind, of.Namespace, of.Name, document =>
    {
        set(document);
        return document;
    }, _main);

    public StoredObject Create(JsonObject document) => store.Create(document, _main);

    /// <summary>Counts that are zero are left out, as the API does.</summary>
    public static void Count(JsonObject status, string field, long value)
    {
        if (value == 0) status.Remove(field);
        else status[field] = value;
    }

    /// <summary>Sets a condition; its transition time moves only with its status.</summary>
    public void Condition(JsonObject status, string type, bool holds, string reason, string message)
    {
        if (status["conditions"] is not JsonArray conditions) status["conditions"] = conditions = [];
        var old = conditions.OfType<JsonObject>().FirstOrDefault(condition => condition.Text("type") == type);
        var text = holds ? "True" : "False";
        if (old.Text("status") == text && old.Text("reason") == reason && old.Text("message") == message) return;
        var now = Timestamps.Write(store.Time.GetUtcNow());
        var next = new JsonObject
        {
            ["type"] = type, ["status"] = text, ["lastUpdateTime"] = now, ["reason"] = reason, ["message"] = message,
            ["lastTransitionTime"] = old.Text("status") == text ? old!["lastTransitionTime"]?.DeepClone() : now.DeepClone(),
        };
        if (old is null) conditions.Add((JsonNode)next);
        else conditions[conditions.IndexOf(old)] = next;
    }
}
