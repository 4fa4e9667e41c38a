using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Rules;

/// <summary>Deployments, ReplicaSets, DaemonSets, StatefulSets: their template is a pod that their selector finds.</summary>
internal sealed class WorkloadRules : KindRules
{
    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        if (document.ObjectAt("spec") is not { } spec)
        {
            problems.Add(FieldProblem.Required("spec"));
            return;
        }
        var selector = LabelSelector.Read(spec.ObjectAt("selector"), "spec.selector", problems);
        if (selector.IsEmpty) problems.Add(FieldProblem.Invalid("spec.selector", spec["selector"]?.DeepClone(), "empty selector is invalid for this kind"));
        if (spec.ObjectAt("template") is { } template)
        {
            if (!selector.Matches(template.ObjectAt("metadata", "labels")))
                problems.Add(FieldProblem.Invalid("spec.template.metadata.labels", template.At("metadata", "labels")?.DeepClone(), "`selector` does not match template `labels`"));
            PodRules.CheckTemplate(template.Child("spec"), "spec.template.spec", problems);
        }
        if (old is not null && !JsonNode.DeepEquals(old.At("spec", "selector"), spec["selector"]))
            problems.Add(FieldProblem.Invalid("spec.selector", spec["selector"]?.DeepClone(), "field is immutable"));
        if (spec.ObjectAt("strategy") is { } strategy) CompleteStrategy(strategy);
    }

    private static void CompleteStrategy(JsonObject strategy)
    {
        if (strategy.Text("type") != "RollingUpdate")
        {
            strategy.Remove("rollingUpdate");
            return;
        }
        var rolling = strategy.Child("rollingUpdate");
        rolling["maxSurge"] ??= "25%";
        rolling["maxUnavailable"] ??= "25%";
    }
}

/// <summary>Jobs find their pods by their own uid.</summary>
internal sealed class JobRules : KindRules
{
    private const string UidLabel = "batch.kubernetes.io/controller-uid", NameLabel = "batch.kubernetes.io/job-name";

    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        if (document.ObjectAt("spec") is not { } spec)
        {
            problems.Add(FieldProblem.Required("spec"));
            return;
        }
        var template = spec.Child("template");
        PodRules.CheckTemplate(template.Child("spec"), "spec.template.spec", problems);
        if (template.Text("spec", "restartPolicy") is not ("OnFailure" or "Never"))
            problems.Add(FieldProblem.Unsupported("spec.template.spec.restartPolicy", template.At("spec", "restartPolicy")?.DeepClone(), ["OnFailure", "Never"]));
        if (spec["completions"] is null && (spec.Number("parallelism") ?? 1) <= 1) spec["completions"] = 1;
        if (spec.Flag("manualSelector") || old is not null) return;
        var uid = document.Text("metadata", "uid")!;
        spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { [UidLabel] = uid } };
        var labels = template.Child("metadata").Child("labels");
        foreach (var key in (ReadOnlySpan<string>)[UidLabel, "controller-uid"]) labels[key] = uid;
        foreach (var key in (ReadOnlySpan<string>)[NameLabel, "job-name"]) labels[key] = document.Text("metadata", "name");
    }
}
