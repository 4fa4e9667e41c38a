using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Selection;
using static Ambient.Playground.Api.Tables.TableColumns;

namespace Ambient.Playground.Api.Tables;

/// <summary>Columns of what runs pods.</summary>
internal sealed class WorkloadColumns(TableColumns columns)
{
    private static readonly TableColumn[] Template =
    [
        Text("Containers", workload => Containers(workload, "name"), 1), Text("Images", workload => Containers(workload, "image"), 1),
        Text("Selector", workload => LabelSelector.Read(workload.ObjectAt("spec", "selector")).ToString(), 1),
    ];

    public IEnumerable<KeyValuePair<string, TableColumn[]>> All =>
    [
        new("deployments.apps",
        [
            Name, Text("Ready", deployment => $"{Status(deployment, "readyReplicas")}/{deployment.Number("spec", "replicas") ?? 0}"),
            new("Up-to-date", "string", 0, deployment => $"{Status(deployment, "updatedReplicas")}"), new("Available", "string", 0, deployment => $"{Status(deployment, "availableReplicas")}"),
            columns.Age, .. Template,
        ]),
        new("replicasets.apps",
        [
            Name, Number("Desired", set => set.Number("spec", "replicas") ?? 0), Number("Current", set => Status(set, "replicas")), Number("Ready", set => Status(set, "readyReplicas")),
            columns.Age, .. Template,
        ]),
        new("daemonsets.apps",
        [
            Name, Number("Desired", set => Status(set, "desiredNumberScheduled")), Number("Current", set => Status(set, "currentNumberScheduled")),
            Number("Ready", set => Status(set, "numberReady")), Number("Up-to-date", set => Status(set, "updatedNumberScheduled")), Number("Available", set => Status(set, "numberAvailable")),
            Text("Node Selector", set => MainColumns.Pairs(set.ObjectAt("spec", "template", "spec", "nodeSelector"))), columns.Age, .. Template,
        ]),
        new("statefulsets.apps",
        [
            Name, Text("Ready", set => $"{Status(set, "readyReplicas")}/{set.Number("spec", "replicas") ?? 0}"), columns.Age, .. Template[..2],
        ]),
        new("controllerrevisions.apps", [Name, Text("Controller", Controller), Number("Revision", revision => revision.Number("revision") ?? 0), columns.Age]),
        new("jobs.batch",
        [
            Name, Text("Status", JobStatus), Text("Completions", job => $"{Status(job, "succeeded")}/{job.Number("spec", "completions") ?? 1}"),
            Text("Duration", job => columns.Between(job.At("status", "startTime"), job.At("status", "completionTime"))), columns.Age, .. Template,
        ]),
    ];

    private static long Status(JsonObject workload, string field) => workload.Number("status", field) ?? 0;

    private static JsonNode Containers(JsonObject workload, string field) =>
        string.Join(',', workload.ObjectsAt("spec", "template", "spec", "containers").Select(container => container.Text(field)));

    private static JsonNode JobStatus(JsonObject job)
    {
        var ended = job.ObjectsAt("status", "conditions").FirstOrDefault(condition => condition.Text("status") == "True" && condition.Text("type") is "Complete" or "Failed" or "Suspended");
        return ended.Text("type") ?? "Running";
    }

    private static JsonNode Controller(JsonObject revision) => revision.ObjectsAt("metadata", "ownerReferences").Where(owner => owner.Flag("controller"))
        .Select(owner => $"{owner.Text("kind")?.ToLowerInvariant()}.{owner.Text("apiVersion")?.Split('/')[0]}/{owner.Text("name")}").FirstOrDefault() ?? "<none>";
}
