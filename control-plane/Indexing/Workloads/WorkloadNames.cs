using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Workloads;

/// <summary>The names under which telemetry knows a workload.</summary>
internal static class WorkloadNames
{
    /// <summary>The pod's label, else what made it, as far as names tell: Deployment, CronJob, StatefulSet …; else its own name.</summary>
    public static string OfPod(Pod pod)
    {
        var meta = pod.Metadata;
        if (meta.Label(MeshLabels.WorkloadName) is { Length: > 0 } label) return label;
        var owner = meta.OwnerReferences?.FirstOrDefault(static reference => reference?.Controller == true);
        if (owner is null || meta.GenerateName is not { Length: > 0 }) return meta.Name;
        return owner.Kind switch
        {
            // ReplicaSets of Deployments and of Argo's Rollouts are called NAME-HASH.
            "ReplicaSet" => WithoutHash(owner.Name, meta.Label(MeshLabels.PodTemplateHash) ?? meta.Label("rollouts-pod-template-hash")),
            "ReplicationController" => meta.Label("deploymentconfig") is { Length: > 0 } config ? config : owner.Name,
            "Job" => WithoutSchedule(owner.Name),
            _ => owner.Name,
        };
    }

    public static string CanonicalName(Func<string, string?> label, string workloadName) =>
        Filled(label(MeshLabels.CanonicalName)) ?? Filled(label(MeshLabels.AppName)) ?? Filled(label(MeshLabels.App)) ?? workloadName;

    public static string CanonicalRevision(Func<string, string?> label) =>
        Filled(label(MeshLabels.CanonicalRevision)) ?? Filled(label(MeshLabels.AppVersion)) ?? Filled(label(MeshLabels.Version)) ?? "latest";

    private static string? Filled(string? text) => text is { Length: > 0 } ? text : null;

    private static string WithoutHash(string name, string? hash) =>
        hash is { Length: > 0 } && name.EndsWith($"-{hash}", StringComparison.Ordinal) && name.Length > hash.Length + 1
            ? name[..^(hash.Length + 1)]
            : name;

    /// <summary>Jobs of a CronJob are called NAME-TIME, the time being 8 to 10 digits.</summary>
    private static string WithoutSchedule(string name)
    {
        var dash = name.LastIndexOf('-');
        var digits = name.Length - dash - 1;
        return dash > 0 && digits is >= 8 and <= 10 && !name.AsSpan(dash + 1).ContainsAnyExceptInRange('0', '9') ? name[..dash] : name;
    }
}
