using System.Text.Json.Nodes;

namespace Ambient.Deploy.Tests.Manifests;

/// <summary>Which rules of the pod security standards each pod breaks: these and no others. The reasons stand in the chart beside each.</summary>
public sealed class PodSecurityTests
{
    [Fact]
    public void The_control_plane_is_restricted()
    {
        var workload = Checkout.Workload("Deployment", "ambient-control-plane");

        Assert.Equal([], PodSecurity.Baseline(workload).Concat(PodSecurity.Restricted(workload)));
    }

    [Fact]
    public void Ztunnel_breaks_baseline_by_its_socket_and_two_capabilities()
    {
        var workload = Checkout.Workload("DaemonSet", "ztunnel");

        Assert.Equal(["hostPath /var/run/ztunnel", "capability NET_ADMIN", "capability SYS_ADMIN"], PodSecurity.Baseline(workload));
        Assert.Equal(["may run as root", "runs as root"], PodSecurity.Restricted(workload));
    }

    [Fact]
    public void The_node_agent_breaks_baseline_by_the_node_paths_it_uses_and_three_capabilities()
    {
        var workload = Checkout.Workload("DaemonSet", "istio-cni-node");

        Assert.Equal(
            [
                "hostPath /proc", "hostPath /var/run/netns", "hostPath /etc/cni/net.d", "hostPath /opt/cni/bin", "hostPath /var/run/istio-cni",
                "hostPath /var/lib/ambient", "hostPath /var/run/ztunnel", "capability NET_ADMIN", "capability SYS_ADMIN", "capability SYS_PTRACE", "AppArmor unconfined",
            ], PodSecurity.Baseline(workload));
        Assert.Equal(["may run as root", "runs as root"], PodSecurity.Restricted(workload));
    }

    [Theory]
    [InlineData("DaemonSet", "ztunnel")]
    [InlineData("DaemonSet", "istio-cni-node")]
    [InlineData("Deployment", "ambient-control-plane")]
    public void Nothing_is_written_into_an_image_and_no_token_is_mounted_by_default(string kind, string name)
    {
        var workload = Checkout.Workload(kind, name);
        var account = workload["spec"]!["template"]!["spec"]!["serviceAccountName"]!.GetValue<string>();

        Assert.All(ManifestTests.Containers(workload), container => Assert.True(container["securityContext"]!["readOnlyRootFilesystem"]!.GetValue<bool>()));
        Assert.False(Checkout.Workload("ServiceAccount", account)["automountServiceAccountToken"]!.GetValue<bool>());
    }

    [Fact]
    public void The_checks_find_what_they_look_for()
    {
        var workload = JsonNode.Parse("""
            {"spec":{"template":{"spec":{"hostNetwork":true,"hostPID":true,"securityContext":{"seccompProfile":{"type":"Unconfined"}},
             "volumes":[{"name":"v","nfs":{}}],
             "containers":[{"ports":[{"hostPort":80}],"securityContext":{"privileged":true,"procMount":"Unmasked","capabilities":{"add":["BPF","CHOWN"]}}}]}}}}
            """)!.AsObject();

        Assert.Equal(["hostNetwork", "hostPID", "privileged", "capability BPF", "hostPort", "procMount", "seccomp unconfined"], PodSecurity.Baseline(workload));
        Assert.Equal(["volume v", "privilege escalation", "may run as root", "keeps capabilities", "capability CHOWN"], PodSecurity.Restricted(workload));
    }
}
