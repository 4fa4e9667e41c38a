using Ambient.Hosting.Options;

namespace Ambient.CniAgent.Tests;

public sealed class AgentOptionsTests
{
    [Fact]
    public void All_mistakes_are_reported_together()
    {
        var wrong = new Dictionary<string, string>
        {
            ["AMBIENT_DNS_CAPTURE"] = "maybe", ["AUDIT_INTERVAL"] = "0", ["MONITORING_ADDRESS"] = "here", ["ZTUNNEL_UDS_ADDRESS"] = "here",
            ["AMBIENT_EXISTING_CONNECTIONS"] = "some", ["CNI_CONF_NAME"] = "../x", ["CNI_AGENT_RUN_DIR"] = "/" + new string('x', 100), ["LOG_LEVEL"] = "=,",
        };

        var error = Assert.Throws<OptionsException>(() => AgentOptions.Read(wrong));

        Assert.Equal(wrong.Keys.Append("KUBECONFIG").Append("NODE_NAME").Order(), error.Mistakes.Select(mistake => mistake.Name).Order());
    }

    [Fact]
    public void Defaults_are_those_of_the_usage()
    {
        var options = AgentOptions.Read(new Dictionary<string, string> { ["NODE_NAME"] = "n", ["KUBECONFIG"] = "/k" });

        Assert.Equal(("/var/run/ztunnel/ztunnel.sock", true, true, TimeSpan.FromSeconds(30), "/host", "0.0.0.0:15014"),
            (options.ZdsPath, options.CaptureDns, options.KeepsConnections, options.AuditInterval, options.HostRoot, $"{options.Pages}"));
        Assert.Equal(("n", "istio-system", "/var/run/istio-cni/pluginevent.sock", "/var/lib/ambient"),
            (options.Cluster!.NodeName, options.Cluster.SystemNamespace, options.Cluster.PluginSocket, options.Cluster.StateDirectory));
        Assert.Equal(["kube-system"], options.Cluster.ExcludedNamespaces);
        Assert.Equal(("/host/etc/cni/net.d", "/host/opt/cni/bin"), (options.Cluster.Install!.ConfigurationDirectory, options.Cluster.Install.BinaryDirectory));
    }

    [Fact]
    public void A_directory_of_pods_needs_no_cluster()
    {
        var options = AgentOptions.Read(new Dictionary<string, string> { ["POD_DIRECTORY"] = "/p" });

        Assert.Equal(("/p", null, "/", null), (options.PodDirectory, options.Cluster, options.HostRoot, options.Pages));
    }
}
