using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Jobs run pods until enough have succeeded, or too many failed.</summary>
internal sealed class JobController(ObjectStore store) : Controller(store)
{
    private readonly ResourceKind _jobs = store.Kinds.Get("batch", "Job"), _pods = store.Kinds.Get("", "Pod");
    private readonly StatusWriter _writer = new(store, "job-controller");
    private readonly EventRecorder _events = new(store, "job-controller");

    protected override IEnumerable<ResourceKind> Watched => [_jobs, _pods];

    protected override IEnumerable<ObjectKey> Affected(StoredObject written) => written.Kind.Kind == "Job"
        ? [new(written.Namespace, written.Name)]
        : written.Copy().ObjectsAt("metadata", "ownerReferences").Where(owner => owner.Text("kind") == "Job").Select(owner => new ObjectKey(written.Namespace, owner.Text("name")!));

    protected override TimeSpan? Reconcile(ObjectKey key)
    {
        if (Store.Find(_jobs, key.Namespace, key.Name) is not { IsEnding: false } job) return null;
        var document = job.Copy();
        if (document.ObjectsAt("status", "conditions").Any(condition => condition.Text("type") is "Complete" or "Failed" && condition.Text("status") == "True")) return null;
        var pods = Store.Dependents(job.Uid).Where(one => one.Kind == _pods).Select(pod => (Pod: pod, Document: pod.Copy())).ToList();
        var succeeded = pods.Count(pod => pod.Document.Text("status", "phase") == "Succeeded");
        var failed = pods.Count(pod => pod.Document.Text("status", "phase") == "Failed");
        var running = pods.Where(pod => PodTemplate.IsActive(pod.Document)).ToList();
        var completions = document.Number("spec", "completions") ?? 1;
        var end = succeeded >= completions ? "Complete" : failed > (document.Number("spec", "backoffLimit") ?? 6) ? "Failed" : null;
        var suspended = document.Flag("spec", "suspend");
        var wanted = end is not null || suspended ? 0 : Math.Min(document.Number("spec", "parallelism") ?? 1, completions - succeeded);
        for (var i = running.Count; i < wanted; i++)
            _events.Record(job, "SuccessfulCreate", $"Created pod: {_writer.Create(PodTemplate.Make(job, document.ObjectAt("spec", "template")!, job.Name)).Name}");
        foreach (var (pod, _) in running.Skip((int)wanted)) Store.Delete(_pods, pod.Namespace, pod.Name, new() { Uid = pod.Uid });
        WriteStatus(job, wanted, succeeded, failed, end, suspended);
        return null;
    }

    private void WriteStatus(StoredObject job, long active, long succeeded, long failed, string? end, bool suspended)
    {
        var now = Timestamps.Text(Store.Time.GetUtcNow());
        _writer.Status(job, status =>
        {
            StatusWriter.Count(status, "active", active);
            StatusWriter.Count(status, "succeeded", succeeded);
            StatusWriter.Count(status, "failed", failed);
            if (!suspended) status["startTime"] ??= now;
            if (end is null) return;
            if (end == "Complete") status["completionTime"] = now;
            var conditions = status["conditions"] as JsonArray ?? [];
            if (conditions.Parent is null) status["conditions"] = conditions;
            conditions.Add((JsonNode)new JsonObject
            {
                ["type"] = end, ["status"] = "True", ["lastTransitionTime"] = now, ["lastProbeTime"] = now,
                ["reason"] = end == "Complete" ? "CompletionsReached" : "BackoffLimitExceeded",
                ["message"] = end == "Complete" ? "Reached expected number of succeeded pods" : "Job has reached the specified backoff limit",
            });
        });
        if (end == "Complete") _events.Record(job, "Completed", "Job completed");
    }
}
