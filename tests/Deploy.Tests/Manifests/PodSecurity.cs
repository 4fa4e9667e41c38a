using System.Text.Json.Nodes;

namespace Ambient.Deploy.Tests.Manifests;

/// <summary>The checks of Kubernetes' pod security standards, "baseline" and "restricted", over a pod template.</summary>
internal static class PodSecurity
{
    private static readonly string[] BaselineCapabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    private static readonly string[] RestrictedVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    /// <summary>Everything that "baseline" forbids, each named once.</summary>
    public static IEnumerable<string> Baseline(JsonObject workload)
    {
        var pod = Pod(workload);
        foreach (var field in (string[])["hostNetwork", "hostPID", "hostIPC"])
            if (pod[field]?.GetValue<bool>() == true) yield return field;
        foreach (var volume in Volumes(pod).Where(volume => volume["hostPath"] is not null)) yield return $"hostPath {volume["hostPath"]!["path"]}";
        if (pod["securityContext"]?["sysctls"] is not null) yield return "sysctls";
        foreach (var container in ManifestTests.Containers(workload))
        {
            var context = container["securityContext"] as JsonObject ?? [];
            if (context["privileged"]?.GetValue<bool>() == true) yield return "privileged";
            foreach (var capability in Added(context).Except(BaselineCapabilities)) yield return $"capability {capability}";
            if (container["ports"]?.AsArray().Any(port => port!["hostPort"] is not null) == true) yield return "hostPort";
            if (context["procMount"] is not null) yield return "procMount";
            foreach (var settings in (JsonObject?[])[context, pod["securityContext"]?.AsObject()])
            {
                if (settings?["appArmorProfile"]?["type"]?.GetValue<string>() == "Unconfined") yield return "AppArmor unconfined";
                if (settings?["seccompProfile"]?["type"]?.GetValue<string>() == "Unconfined") yield return "seccomp unconfined";
                if (settings?["seLinuxOptions"] is not null) yield return "SELinux options";
            }
        }
    }

    /// <summary>What "restricted" forbids on top of <see cref="Baseline"/>.</summary>
    public static IEnumerable<string> Restricted(JsonObject workload)
    {
        var pod = Pod(workload);
        foreach (var volume in Volumes(pod).Where(volume => volume["hostPath"] is null && !RestrictedVolumes.Any(type => volume[type] is not null)))
            yield return $"volume {volume["name"]}";
        foreach (var container in ManifestTests.Containers(workload))
        {
            var context = container["securityContext"] as JsonObject ?? [];
            if (context["allowPrivilegeEscalation"]?.GetValue<bool>() != false) yield return "privilege escalation";
            if ((context["runAsNonRoot"] ?? pod["securityContext"]?["runAsNonRoot"])?.GetValue<bool>() != true) yield return "may run as root";
            if ((context["runAsUser"] ?? pod["securityContext"]?["runAsUser"])?.GetValue<long>() == 0) yield return "runs as root";
            if ((context["seccompProfile"] ?? pod["securityContext"]?["seccompProfile"]) is null) yield return "no seccomp profile";
            if (context["capabilities"]?["drop"]?.AsArray().Any(one => one!.GetValue<string>() == "ALL") != true) yield return "keeps capabilities";
            foreach (var capability in Added(context).Intersect(BaselineCapabilities).Except(["NET_BIND_SERVICE"])) yield return $"capability {capability}";
        }
    }

    public static IEnumerable<string> Added(JsonObject context) =>
        context["capabilities"]?["add"]?.AsArray().Select(capability => capability!.GetValue<string>()) ?? [];

    private static JsonObject Pod(JsonObject workload) => workload["spec"]!["template"]!["spec"]!.AsObject();

    private static IEnumerable<JsonObject> Volumes(JsonObject pod) => pod["volumes"]?.AsArray().Cast<JsonObject>() ?? [];
}
