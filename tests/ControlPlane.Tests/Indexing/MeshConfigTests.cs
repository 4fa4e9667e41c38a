using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

public sealed class MeshConfigTests
{
    [Theory]
    [InlineData("trustDomain: [a, b]")]
    [InlineData("trustDomain: a/b")]
    [InlineData("trustDomainAliases: a")]
    [InlineData("trustDomainAliases: [a/b]")]
    [InlineData("trustDomainAliases: [\"*\"]")]
    [InlineData("trustDomainAliases: [\"\"]")]
    [InlineData("trustDomainAliases: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]")]
    [InlineData("discoverySelectors: yes-please")]
    [InlineData("discoverySelectors:\n- matchExpressions:\n  - {key: x, operator: Near}")]
    [InlineData("serviceEntryVisibility:\n  defaultVisibility: SOMETIMES")]
    [InlineData("a: b: c")]
    [InlineData("- a list")]
    [InlineData("a: &x 1\nb: *x")]
    public void A_configuration_that_cannot_be_used_leaves_the_last_good_one_in_force_and_is_reported(string bad)
    {
        var mesh = new IndexedMesh(MeshConfig("trustDomain: good.example"), Pod("web"));

        mesh.Set(MeshConfig(bad));

        Assert.Equal("good.example", mesh.Pod("web").TrustDomain);
        var line = Assert.Single(mesh.Index.Diagnostics);
        Assert.Equal(("ConfigMap", "istio-system/istio"), (line.Kind, line.Object.ToString()));

        mesh.Set(MeshConfig("trustDomain: better.example"));

        Assert.Equal("better.example", mesh.Pod("web").TrustDomain);
        Assert.Empty(mesh.Index.Diagnostics);
    }

    [Fact]
    public void A_principal_in_one_name_of_the_trust_domain_is_meant_in_all_of_them()
    {
        var rule = new AuthorizationRule { From = [new() { Source = new() { Principals = ["old.example/ns/a/sa/b", "new.example/ns/c/*", "*/sa/d", "foreign.example/ns/a/sa/b", "old.example"] } }] };
        var mesh = new IndexedMesh(Policy("p", "ALLOW", rules: rule));
        Assert.Equal(5, Principals().Count);

        mesh.Set(MeshConfig("trustDomain: new.example\ntrustDomainAliases: [old.example]"));

        Assert.Equal(["new.example/ns/a/sa/b", "old.example/ns/a/sa/b", "new.example/ns/c/*", "old.example/ns/c/*", "*/sa/d", "foreign.example/ns/a/sa/b", "old.example"], Principals());

        List<string> Principals() => [.. Assert.Single(mesh.Snapshot.Policies).Policy.Rules[0].Clauses[0].Matches[0].Principals.Select(static one => one.ToString())];
    }

    [Fact]
    public void Without_a_configuration_the_defaults_hold()
    {
        var config = MeshConfig("trustDomain: x.example");
        var mesh = new IndexedMesh(config, Pod("web"));

        mesh.Remove(config);

        Assert.Equal("cluster.local", mesh.Pod("web").TrustDomain);
        Assert.Equal("istio-system", mesh.Index.Config.RootNamespace);
    }

    [Fact]
    public void Other_config_maps_and_settings_that_nobody_reads_do_not_matter()
    {
        var mesh = new IndexedMesh(MeshConfig("trustDomain: x.example\naccessLogFile: /dev/stdout\ndefaultConfig:\n  proxyMetadata: {A: b}"),
            new ConfigMap { Metadata = Meta("istio-system/other"), Data = new Dictionary<string, string> { ["mesh"] = "trustDomain: y.example" } }, Pod("web"));

        Assert.Equal("x.example", mesh.Pod("web").TrustDomain);
    }

    [Theory]
    [InlineData("pathNormalization: {normalization: NONE}", "pathNormalization")]
    [InlineData("outboundTrafficPolicy: {mode: REGISTRY_ONLY}", "outboundTrafficPolicy")]
    [InlineData("outboundTrafficPolicy: {mode: ALLOW_ANY}", null)]
    [InlineData("meshMTLS: {minProtocolVersion: TLSV1_2}\ndefaultHttpRetryPolicy: {attempts: 0}", "defaultHttpRetryPolicy, meshMTLS")]
    [InlineData("enablePrometheusMerge: true\ndefaultConfig: {holdApplicationUntilProxyStarts: true}", null)]
    public void Settings_on_which_users_might_rely_and_that_are_not_honoured_are_told_and_the_others_hold(string settings, string? told)
    {
        var mesh = new IndexedMesh(MeshConfig($"trustDomain: x.example\n{settings}"), Pod("web"));

        Assert.Equal("x.example", mesh.Pod("web").TrustDomain);
        if (told is null) Assert.Empty(mesh.Index.Diagnostics);
        else Assert.StartsWith($"{told}: not honoured", Assert.Single(mesh.Index.Diagnostics).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_a_configuration_or_a_report()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            const string Alphabet = "ab:-\n {}[]&*!|>'\"#%@,\t\0serviceEntryVisibility trustDomain";
            var text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            var mesh = new IndexedMesh(new IndexOptions());

            mesh.Set(MeshConfig(text), Pod("web"));

            Assert.NotNull(mesh.FindPod("web"));
        }
    }
}
