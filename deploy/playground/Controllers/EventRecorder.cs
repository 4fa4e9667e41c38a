using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Tells what happened to objects, for <c>kubectl describe</c>; the newest <see cref="Limit"/> of a recorder are kept.</summary>
internal sealed class EventRecorder(ObjectStore store, string component)
{
    private const int Limit = 1000;

    private readonly Queue<(string Namespace, string Name)> _kept = new();
    private long _last;

    public void Record(StoredObject about, string reason, string message, string type = "Normal")
    {
        var ns = about.Namespace.Length > 0 ? about.Namespace : "default";
        var now = Timestamps.Text(store.Time.GetUtcNow());
        var written = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = $"{about.Name}.{component}.{++_last:x}", ["namespace"] = ns },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = about.Kind.ApiVersion, ["kind"] = about.Kind.Kind, ["name"] = about.Name, ["uid"] = about.Uid,
            },
            ["type"] = type, ["reason"] = reason, ["message"] = message, ["count"] = 1, ["firstTimestamp"] = now, ["lastTimestamp"] = now,
            ["source"] = new JsonObject { ["component"] = component }, ["reportingComponent"] = component,
        };
        if (about.Namespace.Length > 0) written["involvedObject"].ObjectAt()!["namespace"] = about.Namespace;
        try
        {
            var stored = store.Create(written, new() { Owner = component });
            _kept.Enqueue((stored.Namespace, stored.Name));
            if (_kept.Count > Limit) Forget(_kept.Dequeue());
        }
        catch (StatusException)
        {
            // Its namespace is going away: nobody will ask.
        }
    }

    private void Forget((string Namespace, string Name) old)
    {
        try { store.Delete(store.Kinds.Get("", "Event"), old.Namespace, old.Name); }
        catch (StatusException) { /* gone already */ }
    }
}
