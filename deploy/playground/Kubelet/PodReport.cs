using System.Net;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Serving;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Kubelet.Containers;

namespace Ambient.Playground.Kubelet;

/// <summary>What a kubelet says of a pod: phase, addresses, conditions and containers.</summary>
internal sealed class PodReport(IReadOnlyList<ContainerState> initial, IReadOnlyList<ContainerState> containers, string policy, IReadOnlyList<IPAddress> node)
{
    /// <summary>Of the sandbox; empty while there is none.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; set; } = [];

    /// <summary>Its init containers, if any, are done.</summary>
    public bool IsInitialized { get; set; }

    /// <summary>An init container has failed for good.</summary>
    public bool HasFailed { get; set; }

    private bool _hasRun;

    public void WriteTo(JsonObject document, DateTimeOffset now)
    {
        _hasRun |= IsInitialized && containers.All(container => container.IsRunning || container.ExitCode is not null || container.Restarts > 0);
        var (phase, status) = (Phase(), (JsonObject)(document["status"] ??= new JsonObject()));
        status["phase"] = phase;
        status["startTime"] ??= Timestamps.Write(now);
        status["hostIP"] = $"{node[0]}";
        status["hostIPs"] = Listed(node);
        if (Addresses.Count > 0)
        {
            status["podIP"] = $"{Addresses[0]}";
            status["podIPs"] = Listed(Addresses);
        }
        status["containerStatuses"] = new JsonArray([.. containers.Select(container => container.ToStatus())]);
        if (initial.Count > 0) status["initContainerStatuses"] = new JsonArray([.. initial.Select(container => container.ToStatus())]);
        WriteConditions(document, phase, now);
    }

    private void WriteConditions(JsonObject document, string phase, DateTimeOffset now)
    {
        var late = containers.Where(container => !container.IsReady).Select(container => container.Name).ToList();
        var isOver = phase is "Succeeded" or "Failed";
        var (reason, message) = isOver ? ("PodCompleted", null) : ("ContainersNotReady", $"containers with unready status: [{string.Join(' ', late)}]");
        Set("PodReadyToStartContainers", Addresses.Count > 0 && !isOver, null, null);
        Set("Initialized", IsInitialized, "ContainersNotInitialized", null);
        Set("ContainersReady", late.Count == 0, reason, message);
        Set("Ready", late.Count == 0, reason, message);

        void Set(string type, bool holds, string? why, string? text) =>
            PodActions.SetCondition(document, type, holds ? "True" : "False", now, holds ? null : why, holds ? null : text);
    }

    private string Phase()
    {
        if (HasFailed) return "Failed";
        if (policy != "Always" && containers.All(container => container.ExitCode is not null))
            return containers.All(container => container.ExitCode == 0) ? "Succeeded" : "Failed";
        return _hasRun ? "Running" : "Pending";
    }

    private static JsonArray Listed(IReadOnlyList<IPAddress> addresses) => new([.. addresses.Select(address => (JsonNode)new JsonObject { ["ip"] = $"{address}" })]);
}
