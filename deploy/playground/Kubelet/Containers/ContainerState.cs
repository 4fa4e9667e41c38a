using System.Text.Json.Nodes;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Kubelet.Containers;

/// <summary>How one container is, as its pod's status tells. Changed by its own loop only; read under the pod's lock.</summary>
internal sealed class ContainerState(string name, string image)
{
    private JsonObject _now = Waiting("ContainerCreating", "");
    private JsonObject? _last;
    private DateTimeOffset _startedAt;
    private string _id = "";

    public string Name { get; } = name;

    public int Restarts { get; set; }

    /// <summary>Its startup probe, if any, has succeeded.</summary>
    public bool HasStarted { get; set; }

    /// <summary>It runs, and its readiness probe, if any, succeeds.</summary>
    public bool IsReady { get; set; }

    public bool IsRunning => _now.ContainsKey("running");

    /// <summary>Null unless it runs.</summary>
    public int? ProcessId { get; private set; }

    /// <summary>Null unless it has ended for good.</summary>
    public int? ExitCode { get; private set; }

    public void Wait(string reason, string message)
    {
        _now = Waiting(reason, message);
        (IsReady, HasStarted) = (false, false);
    }

    public void Run(string id, int process, DateTimeOffset now, bool isProbedAtStart)
    {
        (_id, _startedAt, ProcessId) = (id, now, process);
        _now = new() { ["running"] = new JsonObject { ["startedAt"] = Timestamps.Text(now) } };
        (IsReady, HasStarted) = (false, !isProbedAtStart);
    }

    /// <param name="isFinal">It is not started again.</param>
    public void End(int exitCode, DateTimeOffset now, bool isFinal)
    {
        var terminated = new JsonObject
        {
            ["exitCode"] = exitCode, ["reason"] = exitCode == 0 ? "Completed" : "Error", ["startedAt"] = Timestamps.Text(_startedAt), ["finishedAt"] = Timestamps.Text(now),
            ["containerID"] = Address(_id),
        };
        _now = new() { ["terminated"] = terminated };
        _last = _now;
        (IsReady, HasStarted, ProcessId) = (false, false, null);
        if (isFinal) ExitCode = exitCode;
    }

    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["name"] = Name, ["image"] = image, ["imageID"] = "", ["ready"] = IsReady, ["started"] = HasStarted, ["restartCount"] = Restarts, ["state"] = _now.DeepClone(),
        };
        if (_id.Length > 0) status["containerID"] = Address(_id);
        if (_last is not null && !ReferenceEquals(_last, _now)) status["lastState"] = _last.DeepClone();
        return status;
    }

    private static string Address(string id) => $"playground://{id}";

    private static JsonObject Waiting(string reason, string message)
    {
        var waiting = new JsonObject { ["reason"] = reason };
        if (message.Length > 0) waiting["message"] = message;
        return new() { ["waiting"] = waiting };
    }
}
