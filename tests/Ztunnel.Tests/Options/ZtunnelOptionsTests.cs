using Ambient.Hosting.Logging;
using Ambient.Ztunnel.Options;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Tests.Options;

public sealed class ZtunnelOptionsTests : IDisposable
{
    private readonly OptionsScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void Without_any_variable_the_defaults_hold()
    {
        var options = _scene.Read();

        Assert.Equal(ProxyMode.Shared, options.Node.Mode);
        Assert.Equal("Kubernetes", options.Node.ClusterId);
        Assert.Equal(15000, options.Listeners.AdminPort);
        Assert.Equal(15020, options.Listeners.StatsPort);
        Assert.Null(options.Listeners.OriginalSource);
        Assert.Equal(1337u, options.Sockets.Mark);
        Assert.Equal(TimeSpan.FromSeconds(180), options.Sockets.KeepAliveTime);
        Assert.Null(options.Sockets.UserTimeout);
        Assert.Equal(256 << 10, options.Tunnels.StreamWindowBytes);
        Assert.Equal(100, options.Tunnels.MaxStreams);
        Assert.Equal(new Uri("https://localhost:15012"), options.Discovery.Address);
        Assert.Equal(new Uri("https://localhost:15012"), options.Authority.Address);
        Assert.Equal(TimeSpan.FromHours(24), options.Authority.Lifetime);
        Assert.Null(options.Authority.TokenFile);
        Assert.True(options.Dns.Enabled);
        Assert.Equal(15053, options.Dns.Port);
        Assert.Equal(TimeSpan.FromSeconds(5), options.Drain.Deadline);
        Assert.Equal(LogFormat.Plain, options.Telemetry.LogFormat);
        Assert.Equal("unknown", options.Telemetry.IstioVersion);
        Assert.False(options.Node.ServesItself);
    }

    [Fact]
    public void Every_mistake_is_reported_at_once_with_name_value_and_what_is_allowed()
    {
        _scene.Set("PROXY_MODE", "both").Set("IPV6_ENABLED", "yes").Set("KEEPALIVE_TIME", "fast").Set("HTTP2_FRAME_SIZE", "1")
            .Set("RUST_LOG", "shout").Set("CA_ADDRESS", "").Set("ZTUNNEL_WORKER_THREADS", "150%").Set("PACKET_MARK", "-1")
            .Set("AMBIENT_TLS_HANDSHAKE_TIMEOUT", "0s").Set("LOCAL_XDS_PATH", "/does/not/exist").Set("TLS12_ENABLED", "true");

        var mistakes = _scene.Mistakes();

        Assert.Equal(11, mistakes.Count);
        Assert.Contains("PROXY_MODE is 'both'; allowed are shared, dedicated (default shared)", mistakes);
        Assert.Contains("IPV6_ENABLED is 'yes'; allowed are true and false", mistakes);
        Assert.Contains(mistakes, text => text.StartsWith("KEEPALIVE_TIME is 'fast'; allowed are durations such as 500ms, 10s or 1h30m, from 1s to 9h", StringComparison.Ordinal));
        Assert.Contains("HTTP2_FRAME_SIZE is '1'; allowed are whole numbers from 16384 to 16777215 (default 1048576)", mistakes);
    }

    [Fact]
    public void The_message_of_the_exception_lists_all_for_the_operator()
    {
        var error = Assert.Throws<OptionsException>(() => _scene.Set("PROXY_MODE", "x").Set("IPV6_ENABLED", "x").Read());

        Assert.StartsWith("2 setting(s) cannot be used:\n  PROXY_MODE is 'x'", error.Message);
        Assert.Contains("\n  IPV6_ENABLED is 'x'", error.Message);
    }

    [Fact]
    public void What_the_chart_sets_is_taken()
    {
        var options = _scene
            .Set("CA_ADDRESS", "istiod.istio-system.svc:15012").Set("XDS_ADDRESS", "istiod.istio-system.svc:15012").Set("NETWORK", "n1")
            .Set("RUST_LOG", "info,access=warn").Set("ISTIO_META_CLUSTER_ID", "c1").Set("TERMINATION_GRACE_PERIOD_SECONDS", "30")
            .Set("POD_NAME", "ztunnel-x").Set("POD_NAMESPACE", "istio-system").Set("SERVICE_ACCOUNT", "ztunnel").Set("NODE_NAME", "n")
            .Set("INSTANCE_IP", "10.0.0.9").Set("ZTUNNEL_CPU_LIMIT", "4").Set("KUBERNETES_SERVICE_HOST", "10.96.0.1")
            .Set("ISTIO_META_ISTIO_VERSION", "1.30.0").Set("ISTIO_META_DNS_CAPTURE", "true").Read();

        Assert.Equal(new Uri("https://istiod.istio-system.svc:15012"), options.Discovery.Address);
        Assert.Equal("c1", options.Node.ClusterId);
        Assert.Equal(TimeSpan.FromSeconds(25), options.Drain.Deadline);
        Assert.True(options.Node.ServesItself);
        Assert.Equal("1.30.0", options.Telemetry.IstioVersion);
        Assert.Equal(LogLevel.Warning, options.Telemetry.LogFilter.LevelOf("access"));
        Assert.Equal("1.30.0", options.Node.Metadata["ISTIO_VERSION"]);
    }

    [Fact]
    public void A_variable_comes_before_PROXY_CONFIG_and_that_before_the_mesh_file()
    {
        var options = _scene
            .File(ZtunnelOptions.MeshFile, """
                rootNamespace: istio-system
                defaultConfig:
                  discoveryAddress: mesh.test:1
                  proxyAdminPort: 15900
                  statsPort: 15920
                  concurrency: 7
                  tracing: {zipkin: {address: unused}}
                  proxyMetadata:
                    ISTIO_META_ISTIO_VERSION: from-mesh
                    FROM_MESH: "1"
                    DNS_PROXY_ADDR: localhost:15999
                """)
            .Set("PROXY_CONFIG", "{discoveryAddress: config.test:2, statsPort: 15921, proxyMetadata: {ISTIO_VERSION: from-config, FROM_CONFIG: \"2\"}}")
            .Set("XDS_ADDRESS", "http://own.test:3").Set("ISTIO_META_ISTIO_VERSION", "from-env").Read();

        Assert.Equal(new Uri("http://own.test:3"), options.Discovery.Address);
        Assert.Equal(15900, options.Listeners.AdminPort);
        Assert.Equal(15921, options.Listeners.StatsPort);
        Assert.Equal(7, options.WorkerThreads);
        Assert.Equal("from-env", options.Telemetry.IstioVersion);
        Assert.Equal("1", options.Node.Metadata["FROM_MESH"]);
        Assert.Equal("2", options.Node.Metadata["FROM_CONFIG"]);
        Assert.Equal(15999, options.Dns.Port);
    }

    [Theory]
    [InlineData("{discoveryAddress: a:1}", "a")]
    [InlineData("{}", "localhost")]
    [InlineData("", "localhost")]
    [InlineData("null", "localhost")]
    public void PROXY_CONFIG_needs_no_key(string config, string host) =>
        Assert.Equal(host, _scene.Set("PROXY_CONFIG", config).Read().Discovery.Address!.Host);

    [Theory]
    [InlineData("{concurrency: -1}", "PROXY_CONFIG concurrency is '-1'; allowed are whole numbers from 0 to 1024")]
    [InlineData("{statsPort: [1]}", "PROXY_CONFIG statsPort: must be a single value")]
    [InlineData("[a]", "PROXY_CONFIG: must be an object with keys")]
    [InlineData("{statsPort: 15000}", "PROXY_CONFIG: proxyAdminPort (15000), statsPort (15000) and the readiness port (15021) must differ")]
    public void Mistakes_in_PROXY_CONFIG_name_the_key(string config, string mistake) =>
        Assert.Equal([mistake], _scene.Set("PROXY_CONFIG", config).Mistakes());

    [Fact]
    public void Broken_YAML_is_told_with_its_place() =>
        Assert.StartsWith("PROXY_CONFIG: is not YAML at line ", Assert.Single(_scene.Set("PROXY_CONFIG", "{a: [").Mistakes()));

    [Fact]
    public void YAML_that_the_scanner_stumbles_over_is_a_mistake_too() =>
        Assert.StartsWith("PROXY_CONFIG: is not YAML: ", Assert.Single(_scene.Set("PROXY_CONFIG", "a: [:?:#[ ?,...!-!-\n0\"&\"").Mistakes()));

    [Theory]
    [InlineData("DNS_PROXY_ADDR", "nonsense")]
    [InlineData("DNS_PROXY_ADDR", "localhost:0")]
    [InlineData("DNS_PROXY_ADDR", "10.0.0.1")]
    [InlineData("DNS_CAPTURE", "1")]
    public void Bad_DNS_settings_are_mistakes(string name, string value) =>
        Assert.StartsWith($"ISTIO_META_{name} is '{value}'", Assert.Single(_scene.Set($"ISTIO_META_{name}", value).Mistakes()));

    [Fact]
    public void The_dedicated_mode_needs_to_know_whom_it_serves()
    {
        Assert.StartsWith("PROXY_WORKLOAD_INFO: ", Assert.Single(_scene.Set("PROXY_MODE", "dedicated").Mistakes()));

        var options = _scene.Set("PROXY_WORKLOAD_INFO", "ns/name/account").Read();
        Assert.Equal(new DedicatedWorkload("ns", "name", "account"), options.Node.Workload);
        Assert.Null(options.Sockets.Mark);
    }

    [Fact]
    public void A_proxy_that_has_nothing_to_do_is_a_mistake()
    {
        Assert.Empty(_scene.Set("ENABLE_PROXY", "false").Mistakes());
        Assert.Single(_scene.Set("ISTIO_META_DNS_CAPTURE", "false").Mistakes());
    }

    [Fact]
    public void An_empty_discovery_address_turns_discovery_off_and_local_state_remains()
    {
        _scene.File("mesh.yaml", "workloads: []");
        var options = _scene.Set("XDS_ADDRESS", "").Set("LOCAL_XDS_PATH", "mesh.yaml").Read();

        Assert.Null(options.Discovery.Address);
        Assert.Equal("mesh.yaml", options.Discovery.LocalFile);
        Assert.Single(_scene.Set("LOCAL_XDS", "workloads: []").Mistakes());
    }

    [Fact]
    public void The_development_authority_takes_the_place_of_an_address()
    {
        var options = _scene.Set("AMBIENT_DEV_CA_DIR", "/tmp/ca").Read();
        Assert.Null(options.Authority.Address);
        Assert.Equal("/tmp/ca", options.Authority.DevelopmentDirectory);

        Assert.Single(_scene.Set("CA_ADDRESS", "a:1").Mistakes());
    }

    [Fact]
    public void Tokens_and_headers_are_read_and_never_shown()
    {
        var options = _scene.File(AuthorityOptions.DefaultTokenFile, "t").Set("XDS_HEADER_X-Tenant", "a").Set("CA_HEADER_KEY", "secret").Read();
        Assert.Equal(AuthorityOptions.DefaultTokenFile, options.Authority.TokenFile);
        Assert.Equal("a", options.Discovery.Headers["x-tenant"]);

        Assert.Equal("inline", _scene.Set("AUTH_TOKEN", "inline").Read().Authority.Token);
        var mistake = Assert.Single(_scene.Set("CA_HEADER_KEY", "secret\n").Mistakes());
        Assert.DoesNotContain("secret", mistake);
    }

    [Theory]
    [InlineData("30", 25)]
    [InlineData("11", 6)]
    [InlineData("10", 9)]
    [InlineData("2", 1)]
    [InlineData("1", 1)]
    [InlineData("0", 1)]
    public void The_drain_deadline_fits_into_the_grace_period(string grace, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), _scene.Set("TERMINATION_GRACE_PERIOD_SECONDS", grace).Read().Drain.Deadline);
        Assert.Equal(TimeSpan.FromMilliseconds(2500), _scene.Set("CONNECTION_TERMINATION_DEADLINE", "2s500ms").Read().Drain.Deadline);
    }

    [Fact]
    public void The_user_timeout_is_as_long_as_keep_alive_takes_to_give_up()
    {
        var options = _scene.Set("USER_TIMEOUT_ENABLED", "true").Set("KEEPALIVE_TIME", "10s").Set("KEEPALIVE_INTERVAL", "2s").Set("KEEPALIVE_RETRIES", "5").Read();

        Assert.Equal(TimeSpan.FromSeconds(20), options.Sockets.UserTimeout);
    }

    [Fact]
    public void A_tunnel_s_window_below_that_of_one_connection_is_a_mistake() =>
        Assert.Contains("must be at least HTTP2_STREAM_WINDOW_SIZE", Assert.Single(_scene.Set("HTTP2_CONNECTION_WINDOW_SIZE", "100000").Mistakes()));

    [Fact]
    public void On_demand_needs_the_dns_proxy_to_be_off()
    {
        using var scene = new OptionsScene();
        Assert.Contains(scene.Set("XDS_ON_DEMAND", "true").Mistakes(), static mistake => mistake.StartsWith("XDS_ON_DEMAND is 'true'", StringComparison.Ordinal));

        Assert.True(scene.Set("ISTIO_META_DNS_CAPTURE", "false").Read().Discovery.OnDemand);
    }
}
