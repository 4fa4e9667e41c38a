using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Controllers;
using Ambient.Playground.Kubelet.Networking;

namespace Ambient.Playground.Kubelet;

/// <summary>One pod as those see it who work on it: its newest document, its events, its status.</summary>
/// <param name="write">Writes the pod's status as it is now; called under <see cref="Report"/>'s lock.</param>
internal sealed class PodContext(PodIdentity identity, ObjectStore store, EventRecorder events, NamespaceSockets sockets, string logs, Action write)
{
    private readonly Lock _gate = new();

    public PodIdentity Identity { get; } = identity;

    public ObjectStore Store { get; } = store;

    public TimeProvider Time => Store.Time;

    public NamespaceSockets Sockets { get; } = sockets;

    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public TimeSpan Grace { get; set; }

    /// <summary>A copy of the newest state; the last one known if the pod is gone.</summary>
    public JsonObject Document()
    {
        if (Find() is { } found) _last = found;
        return _last.Copy();
    }

    /// <summary>Where a container's output goes: <c>kubectl logs</c> reads it there.</summary>
    public string LogFile(string container) => Path.Combine(logs, $"{Identity.Uid}.{container}.log");

    public void Record(string reason, string message, string type = "Normal") => events.Record(_last, reason, message, type);

    /// <summary>Changes what is known of the pod and tells the API.</summary>
    public void Report(Action change)
    {
        lock (_gate)
        {
            change();
            try { write(); }
            catch (StatusException error) when (error.Code is 404 or 409) { } // it is gone, or another pod has its name
        }
    }

    /// <summary>The pod, if it still is this one.</summary>
    public StoredObject? Find() =>
        Store.Find(Store.Kinds.Get("", "Pod"), Identity.Namespace, Identity.Name) is { } found && found.Uid == Identity.Uid ? found : null;

    private StoredObject _last = null!;
}
