using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Rules;

/// <summary>Pods begin as Pending, have an account, and keep what they run; only images and a few times may change.</summary>
internal sealed class PodRules : KindRules
{
    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        if (document.ObjectAt("spec") is not { } spec)
        {
            problems.Add(FieldProblem.Required("spec"));
            return;
        }
        CheckTemplate(spec, "spec", problems);
        if (old is not null)
        {
            CheckUnchanged(spec, old.ObjectAt("spec") ?? [], problems);
            return;
        }
        var account = spec.Text("serviceAccountName") ?? spec.Text("serviceAccount") ?? "default";
        spec["serviceAccountName"] = account;
        spec["serviceAccount"] = account;
        var ns = document.Text("metadata", "namespace") ?? "";
        if (store.Find(store.Kinds.Get("", "ServiceAccount"), ns, account) is null)
            throw StatusException.Forbidden($"pods \"{document.Text("metadata", "name")}\" is forbidden: error looking up service account {ns}/{account}: "
                + $"serviceaccount \"{account}\" not found");
        document["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = Quality(spec) };
    }

    /// <summary>What any pod needs, also one that a template describes.</summary>
    public static void CheckTemplate(JsonObject spec, string path, List<FieldProblem> problems)
    {
        if (spec.At("containers") is not JsonArray { Count: > 0 }) problems.Add(FieldProblem.Required($"{path}.containers"));
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            var index = 0;
            foreach (var container in spec.ObjectsAt(list))
            {
                var at = $"{path}.{list}[{index++}]";
                if (!MetadataCheck.IsLabelName(container.Text("name") ?? "")) problems.Add(FieldProblem.Invalid($"{at}.name", container["name"], "must be a DNS label"));
                if (container.Text("image") is not { Length: > 0 } image)
                {
                    problems.Add(FieldProblem.Required($"{at}.image"));
                    continue;
                }
                container["imagePullPolicy"] ??= image.EndsWith(":latest", StringComparison.Ordinal) || !image[(image.LastIndexOf('/') + 1)..].Contains(':', StringComparison.Ordinal)
                    ? "Always" : "IfNotPresent";
            }
        }
    }

    private static void CheckUnchanged(JsonObject next, JsonObject old, List<FieldProblem> problems)
    {
        var (before, after) = (Fixed(old), Fixed(next));
        // Placing a pod is the scheduler's: once, from nothing to a node.
        if (before["nodeName"] is null) after.Remove("nodeName");
        if (before["schedulingGates"] is not null) { before.Remove("schedulingGates"); after.Remove("schedulingGates"); }
        if (!JsonNode.DeepEquals(before, after))
            problems.Add(FieldProblem.Forbidden("spec", "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"));
    }

    private static JsonObject Fixed(JsonObject spec)
    {
        var copy = (JsonObject)spec.DeepClone();
        foreach (var field in (ReadOnlySpan<string>)["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "ephemeralContainers"]) copy.Remove(field);
        foreach (var container in copy.ObjectsAt("containers").Concat(copy.ObjectsAt("initContainers"))) { container.Remove("image"); container.Remove("imagePullPolicy"); }
        return copy;
    }

    private static string Quality(JsonObject spec)
    {
        var resources = spec.ObjectsAt("containers").Select(container => container.ObjectAt("resources")).ToList();
        if (resources.All(one => one is null || (one["limits"] is null && one["requests"] is null))) return "BestEffort";
        var guaranteed = resources.All(one => one.At("limits", "cpu") is not null && one.At("limits", "memory") is not null
            && (one.At("requests") is not { } requests || JsonNode.DeepEquals(requests, one.At("limits"))));
        return guaranteed ? "Guaranteed" : "Burstable";
    }
}
