using Microsoft.Extensions.Logging;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Hosting.Options;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Wiring;

public sealed class ControlPlaneOptionsTests
{
    [Fact]
    public void Without_settings_it_is_what_the_chart_of_stock_gives()
    {
        var options = Read();

        Assert.Equal(("machine", "istio-system", "default"), (options.PodName, options.SystemNamespace, options.Revision));
        Assert.Equal((15012, 15010, 15014, 8080), (options.Ports.Secure, options.Ports.Plaintext!.Value, options.Ports.Monitoring, options.Ports.Health));
        Assert.Equal(["istio-ca"], options.Callers.Audiences);
        Assert.Equal([new ObjectName("istio-system", "ztunnel")], options.Authority.TrustedNodeAccounts);
        Assert.Equal(("Kubernetes", "istio", "cluster.local"), (options.Index.ClusterId, options.Index.ConfigMapName, options.Authority.TrustDomain));
        Assert.Equal((TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500)), (options.DebounceAfter, options.DebounceMax));
        Assert.True(options.WritesStatus);
        Assert.Equal((true, "ambient/waypoint", "IfNotPresent", "https://istiod.istio-system.svc:15012"),
            (options.Provisioning.IsEnabled, options.Provisioning.Image, options.Provisioning.PullPolicy, options.Provisioning.DiscoveryAddress));
    }

    [Fact]
    public void What_is_set_holds()
    {
        var options = Read(("POD_NAME", "istiod-7"), ("POD_NAMESPACE", "mesh"), ("REVISION", "canary"), ("CLUSTER_ID", "c1"), ("TRUST_DOMAIN", "example.org"),
            ("TOKEN_AUDIENCES", "istio-ca, other"), ("CA_TRUSTED_NODE_ACCOUNTS", "a/b,c/d"), ("PILOT_DEBOUNCE_AFTER", "1s"), ("PILOT_DEBOUNCE_MAX", "10s"),
            ("AMBIENT_PLAINTEXT_GRPC", "false"), ("AMBIENT_UNENFORCEABLE_RULES", "as-stock"), ("AMBIENT_AROUND_WAYPOINTS", "as-stock"), ("LOG_LEVEL", "warn,ads=debug"), ("LOG_FORMAT", "json"), ("NETWORK", "north"));

        Assert.Equal(("istiod-7", "mesh", "canary"), (options.PodName, options.SystemNamespace, options.Revision));
        Assert.Equal(("c1", "istio-canary", "example.org"), (options.Index.ClusterId, options.Index.ConfigMapName, options.Authority.TrustDomain));
        Assert.Equal("north", options.Index.Network);
        Assert.Equal(["istio-ca", "other"], options.Callers.Audiences);
        Assert.Equal([new ObjectName("a", "b"), new ObjectName("c", "d")], options.Authority.TrustedNodeAccounts);
        Assert.Null(options.Ports.Plaintext);
        Assert.Equal((UnenforceableRules.AsStock, AroundWaypoints.AsStock), (options.Index.UnenforceableRules, options.Index.AroundWaypoints));
    }

    [Fact]
    public void Trusted_node_accounts_set_to_nothing_turn_impersonation_off() => Assert.Empty(Read(("CA_TRUSTED_NODE_ACCOUNTS", "")).Authority.TrustedNodeAccounts);

    [Fact]
    public void Every_mistake_is_told_at_once()
    {
        var error = Assert.Throws<OptionsException>(() => ControlPlaneOptions.Read(new Dictionary<string, string>
        {
            ["CLUSTER_ID"] = "a/b", ["NETWORK"] = "c/d", ["POD_NAMESPACE"] = "Not A Namespace", ["REVISION"] = "x.y", ["AMBIENT_SECURE_GRPC_PORT"] = "70000",
            ["AMBIENT_MONITORING_PORT"] = "9876", ["TOKEN_AUDIENCES"] = ",", ["CA_TRUSTED_NODE_ACCOUNTS"] = "ztunnel", ["TRUST_DOMAIN"] = "No/Domain",
            ["PILOT_DEBOUNCE_AFTER"] = "2s", ["LOG_LEVEL"] = "loud", ["KUBE_API_QPS"] = "0", ["AMBIENT_ENABLE_STATUS"] = "maybe",
        }, "machine"));

        foreach (var name in (string[])["CLUSTER_ID", "c/d", "POD_NAMESPACE", "REVISION", "AMBIENT_SECURE_GRPC_PORT", "9876", "TOKEN_AUDIENCES", "CA_TRUSTED_NODE_ACCOUNTS",
            "No/Domain", "PILOT_DEBOUNCE_MAX", "LOG_LEVEL", "KUBE_API_QPS", "AMBIENT_ENABLE_STATUS", "KUBECONFIG"])
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    private static ControlPlaneOptions Read(params (string Name, string Value)[] environment)
    {
        var variables = environment.ToDictionary(pair => pair.Name, pair => pair.Value);
        variables.TryAdd("KUBECONFIG", "/nowhere");
        return ControlPlaneOptions.Read(variables, "machine");
    }

    [Theory]
    [InlineData(null, LogLevel.Information, LogLevel.Warning)]
    [InlineData("debug", LogLevel.Debug, LogLevel.Warning)]
    [InlineData("info,microsoft=info", LogLevel.Information, LogLevel.Information)]
    public void Lines_of_the_web_server_are_written_only_if_asked_for(string? level, LogLevel own, LogLevel server)
    {
        var filter = Read(level is null ? [] : [("LOG_LEVEL", level)]).LogFilter;

        Assert.Equal((own, server), (filter.LevelOf("discovery"), filter.LevelOf("microsoft::asp_net_core::hosting")));
    }
}
