using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Cluster;

namespace Ambient.Playground.Tests.Kubelet;

/// <summary>Probes decide over readiness and life, and come from the node.</summary>
public sealed class ProbeTests(KubeletFixture fixture) : IClassFixture<KubeletFixture>
{
    private PodCluster Cluster => fixture.Cluster;

    [Theory]
    [InlineData("httpGet: {path: /ready, port: web}", "application, main, \"8080\"")]
    [InlineData("tcpSocket: {port: 8080}", "application, main, \"8080\"")]
    [InlineData("grpc: {port: 8080}", "health, \"8080\"")]
    [InlineData("exec: {command: [\"true\"]}", "application, main, \"8080\"")]
    public async Task A_pod_is_ready_once_its_probe_succeeds(string probe, string arguments)
    {
        var ns = fixture.NewNamespace();
        Cluster.Create(Probed(ns, "probed", $"readinessProbe: {{periodSeconds: 1, timeoutSeconds: 10, {probe}}}", arguments));

        await Cluster.ReadyAsync(ns, "probed");
    }

    [Fact]
    public async Task A_pod_whose_probe_fails_is_not_ready_and_runs_on()
    {
        var ns = fixture.NewNamespace();
        var file = Cluster.Network.PathOf($"{ns}.flag");
        await File.WriteAllTextAsync(file, "");
        Cluster.Create(Probed(ns, "moody", $"readinessProbe: {{periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 10, exec: {{command: [test, -e, {file}]}}}}", "application, main, \"8080\""));
        await Cluster.ReadyAsync(ns, "moody");

        File.Delete(file);

        await Until.TrueAsync(() => !PodCluster.IsReady(Cluster.Find("Pod", ns, "moody")), "it is not ready any more", PodCluster.Patience);
        Assert.Equal("Running", Cluster.Find("Pod", ns, "moody")!.Copy().Text("status", "phase"));
        await Until.TrueAsync(() => Cluster.Describe(ns, "moody").Contains("Readiness probe failed", StringComparison.Ordinal), "an event says so");
    }

    [Fact]
    public async Task A_container_that_fails_its_liveness_probe_is_restarted()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create(Probed(ns, "dead", "livenessProbe: {periodSeconds: 1, failureThreshold: 2, timeoutSeconds: 10, tcpSocket: {port: 9}}", "application, main, \"8080\""));

        await Until.TrueAsync(() => Cluster.Find("Pod", ns, "dead")?.Copy().ObjectsAt("status", "containerStatuses").FirstOrDefault().Number("restartCount") > 0,
            () => $"it was restarted. {Cluster.Describe(ns, "dead")}", PodCluster.Patience);
        Assert.Contains("Liveness probe failed", Cluster.Describe(ns, "dead"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Until_the_startup_probe_succeeds_nothing_else_is_asked()
    {
        var ns = fixture.NewNamespace();
        var file = Cluster.Network.PathOf($"{ns}.flag");
        Cluster.Create(Probed(ns, "slow", $"""
            startupProbe: {"{"}periodSeconds: 1, failureThreshold: 100, timeoutSeconds: 10, exec: {"{"}command: [test, -e, {file}]{"}}"}, livenessProbe: {"{"}periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 10, exec: {"{"}command: [test, -e, {file}]{"}}"}
            """, "application, main, \"8080\""));
        await Until.TrueAsync(() => Cluster.Find("Pod", ns, "slow")?.Copy().Text("status", "phase") == "Running", () => $"it runs. {Cluster.Describe(ns, "slow")}", PodCluster.Patience);
        Assert.False(PodCluster.IsReady(Cluster.Find("Pod", ns, "slow")));

        await File.WriteAllTextAsync(file, "");

        await Cluster.ReadyAsync(ns, "slow");
        Assert.Equal(0, Cluster.Find("Pod", ns, "slow")!.Copy().ObjectsAt("status", "containerStatuses").First().Number("restartCount"));
    }

    private static string Probed(string ns, string name, string probes, string arguments) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, namespace: "{{ns}}" }
        spec:
          nodeName: k1
          terminationGracePeriodSeconds: 1
          containers:
          - {name: main, image: playground/application, command: ["{{Path.Combine(AppContext.BaseDirectory, "Ambient.Playground")}}", {{arguments}}], ports: [{name: web, containerPort: 8080}], {{probes}}}
        """;
}
