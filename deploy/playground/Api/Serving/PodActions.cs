using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Serving;

/// <summary>What is done to pods by subresources.</summary>
internal static class PodActions
{
    /// <summary>Places a pod on a node, as schedulers do.</summary>
    /// <exception cref="StatusException">Conflict: it has one already.</exception>
    public static void Bind(ObjectStore store, string ns, string name, JsonObject binding)
    {
        var pods = store.Kinds.Get("", "Pod");
        var node = binding.Text("target", "name") is { Length: > 0 } target ? target : throw StatusException.BadRequest("target.name is required");
        store.Update(pods, ns, name, pod =>
        {
            if (pod.Text("spec", "nodeName") is { Length: > 0 } known) throw StatusException.Conflict(pods, name, $"pod {name} is already assigned to node \"{known}\"");
            pod.Child("spec")["nodeName"] = node;
            return pod;
        }, new() { Owner = "kube-scheduler" });
        store.Update(pods, ns, name, pod =>
        {
            SetCondition(pod, "PodScheduled", "True", store.Time.GetUtcNow());
            return pod;
        }, new() { Owner = "kube-scheduler", Subresource = "status" });
    }

    public static void SetCondition(JsonObject document, string type, string status, DateTimeOffset now, string? reason = null, string? message = null)
    {
        var conditions = document.Child("status")["conditions"] as JsonArray;
        if (conditions is null) document.Child("status")["conditions"] = conditions = [];
        var old = conditions.OfType<JsonObject>().FirstOrDefault(condition => condition.Text("type") == type);
        var next = new JsonObject { ["type"] = type, ["status"] = status };
        if (reason is not null) next["reason"] = reason;
        if (message is not null) next["message"] = message;
        next["lastTransitionTime"] = old.Text("status") == status ? old!["lastTransitionTime"]?.DeepClone() : Timestamps.Write(now);
        if (old is null) conditions.Add((JsonNode)next);
        else conditions[conditions.IndexOf(old)] = next;
    }

    public static JsonObject Success() => new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 };
}
