using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Cluster;

namespace Ambient.Playground.Tests.Kubelet;

/// <summary>What becomes of a pod that is created: real CNI plugins, real processes, real kubectl.</summary>
public sealed class PodLifeTests(KubeletFixture fixture) : IClassFixture<KubeletFixture>
{
    private PodCluster Cluster => fixture.Cluster;

    [Fact]
    public async Task Pods_on_different_nodes_reach_each_other_by_both_families()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create(Pod(ns, "server", "k1", Echo(8080)));
        Cluster.Create(Pod(ns, "client", "k2", "sleep, infinity"));

        var server = await Cluster.ReadyAsync(ns, "server");
        var client = await Cluster.ReadyAsync(ns, "client");

        Assert.Equal(2, server.Addresses.Count);
        foreach (var address in server.Addresses)
            await Until.TrueAsync(async () => (await client.RunAsync("sh", "-c", $"echo hello | socat -t 5 - TCP:{Url(address)}:8080")).Output == "hello\n", $"{address} answers");
    }

    [Fact]
    public async Task A_pod_runs_with_its_variables_and_its_output_is_read_by_kubectl()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: talker, labels: {tier: front}, namespace: "{{ns}}" }
            spec:
              nodeName: k1
              containers:
              - name: main
                image: anything
                env:
                - {name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name} } }
                - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"} } }
                - {name: WHERE, valueFrom: {fieldRef: {fieldPath: status.podIP} } }
                command: [sh, -c, "echo $(WHO) is $TIER at $WHERE; exec sleep infinity"]
            """);

        var pod = await Cluster.ReadyAsync(ns, "talker");

        await Until.TrueAsync(async () => (await Cluster.KubectlAsync("logs", "-n", ns, "talker")).OutputOrThrow() == $"talker is front at {pod.Address}\n", "the line is in the log");
    }

    [Fact]
    public async Task A_container_that_ends_is_started_again_and_counted()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create(Pod(ns, "short", "k1", "sh, -c, \"exit 3\""));

        await Until.TrueAsync(() => Container(ns, "short").Number("restartCount") >= 2, () => $"it has been restarted. {Cluster.Describe(ns, "short")}", PodCluster.Patience);

        Assert.Equal(3, Container(ns, "short").At("lastState", "terminated").Number("exitCode") ?? Container(ns, "short").At("state", "terminated").Number("exitCode"));
    }

    [Fact]
    public async Task A_pod_that_is_not_to_be_restarted_succeeds_or_fails()
    {
        var ns = fixture.NewNamespace();
        foreach (var (name, code) in new[] { ("good", 0), ("bad", 1) })
            Cluster.Create(Pod(ns, name, "k2", $"sh, -c, \"exit {code}\"", "restartPolicy: Never"));

        await Until.TrueAsync(() => Phase(ns, "good") == "Succeeded" && Phase(ns, "bad") == "Failed", () => $"both have ended. {Cluster.Describe(ns, "good")}", PodCluster.Patience);
    }

    [Fact]
    public async Task Init_containers_run_one_after_another_before_the_others()
    {
        var ns = fixture.NewNamespace();
        var file = Cluster.Network.PathOf($"{ns}.order");
        Cluster.Create($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: ordered, namespace: "{{ns}}" }
            spec:
              nodeName: k1
              initContainers:
              - {name: first, image: any, command: [sh, -c, "echo first >> {{file}}"] }
              - {name: second, image: any, command: [sh, -c, "echo second >> {{file}}"]}
              containers:
              - {name: main, image: any, command: [sh, -c, "echo main >> {{file}}; exec sleep infinity"]}
            """);

        await Cluster.ReadyAsync(ns, "ordered");

        await Until.TrueAsync(() => File.ReadAllLines(file).Length == 3, "all three have run");
        Assert.Equal(["first", "second", "main"], await File.ReadAllLinesAsync(file));
    }

    [Fact]
    public async Task A_deleted_pod_gets_SIGTERM_and_its_grace_and_its_network_goes_after_its_processes()
    {
        var ns = fixture.NewNamespace();
        var file = Cluster.Network.PathOf($"{ns}.words");
        // The last words need the network: they are sent to the node after SIGTERM.
        Cluster.Create(Pod(ns, "polite", "k1",
            $"sh, -c, \"trap 'ip -4 addr show eth0 | grep -c inet > {file}; exit 0' TERM; echo up; while :; do sleep 0.1; done\"", "terminationGracePeriodSeconds: 20"));
        var pod = await Cluster.ReadyAsync(ns, "polite");
        await Until.TrueAsync(async () => (await Cluster.KubectlAsync("logs", "-n", ns, "polite")).Output.Contains("up", StringComparison.Ordinal), "it listens for SIGTERM");

        Cluster.Api.Store.Delete(Cluster.Api.Store.Kinds.Get("", "Pod"), ns, "polite");

        await Until.TrueAsync(() => Cluster.Find("Pod", ns, "polite") is null, () => $"it is gone. {Cluster.Describe(ns, "polite")}", PodCluster.Patience);
        Assert.Equal("1\n", await File.ReadAllTextAsync(file));
        Assert.False(File.Exists(pod.NamespacePath));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Cluster.Nodes[0].Files.State, "cni/networks/playground"), $"{pod.Address}"));
    }

    [Fact]
    public async Task A_pod_that_does_not_listen_is_killed_after_its_grace()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create(Pod(ns, "deaf", "k2", "sh, -c, \"trap '' TERM; while :; do sleep 0.1; done\"", "terminationGracePeriodSeconds: 1"));
        await Cluster.ReadyAsync(ns, "deaf");

        Cluster.Api.Store.Delete(Cluster.Api.Store.Kinds.Get("", "Pod"), ns, "deaf");

        await Until.TrueAsync(() => Cluster.Find("Pod", ns, "deaf") is null, () => $"it is gone. {Cluster.Describe(ns, "deaf")}", PodCluster.Patience);
    }

    [Fact]
    public async Task An_image_that_is_not_here_is_named_in_the_status_and_an_event()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create($"{{apiVersion: v1, kind: Pod, metadata: {{name: foreign, namespace: {ns}}}, spec: {{nodeName: k1, containers: [{{name: main, image: nginx}}]}}}}");

        await Until.TrueAsync(() => Container(ns, "foreign").Text("state", "waiting", "reason") == "ErrImagePull", () => $"it cannot start. {Cluster.Describe(ns, "foreign")}", PodCluster.Patience);

        Assert.Contains("nginx", Cluster.Describe(ns, "foreign"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Deployment_is_scheduled_over_both_nodes_and_rolled()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create($$$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: app, namespace: "{{{ns}}}" }
            spec:
              replicas: 4
              selector: {matchLabels: {app: app}}
              template:
                metadata: {labels: {app: app}}
                spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: playground/pause}]}
            """);
        (await Cluster.KubectlAsync("rollout", "status", "-n", ns, "deployment/app", "--timeout=90s")).OutputOrThrow();
        var before = Cluster.Pods(ns, "app", "app");
        Assert.Equal(["k1", "k2"], before.Select(pod => pod.Text("spec", "nodeName")).Distinct().Order());

        (await Cluster.KubectlAsync("rollout", "restart", "-n", ns, "deployment/app")).OutputOrThrow();
        (await Cluster.KubectlAsync("rollout", "status", "-n", ns, "deployment/app", "--timeout=90s")).OutputOrThrow();

        await Until.TrueAsync(() => !Cluster.Pods(ns, "app", "app").Any(pod => before.Any(old => old.Text("metadata", "uid") == pod.Text("metadata", "uid"))),
            "none of the old pods is left", PodCluster.Patience);
    }

    [Fact]
    public async Task Volumes_are_seen_where_a_container_mounts_them_and_nowhere_else()
    {
        var ns = fixture.NewNamespace();
        Cluster.EnsureNamespace(ns, "web");
        Cluster.Create($$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: roots, namespace: "{{ns}}" }
            data: {root-cert.pem: first}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: reader, namespace: "{{ns}}" }
            spec:
              nodeName: k1
              serviceAccountName: web
              containers:
              - name: main
                image: any
                command: [sh, -c, "cat /var/run/secrets/istio/root-cert.pem; test -s /run/secrets/tokens/istio-token && echo token; touch /run/secrets/istio/x || echo kept; exec tail -n +1 -F /var/run/secrets/istio/root-cert.pem"]
                volumeMounts:
                - {name: roots, mountPath: /var/run/secrets/istio, readOnly: true}
                - {name: token, mountPath: /var/run/secrets/tokens, readOnly: true}
              volumes:
              - {name: roots, configMap: {name: roots} }
              - {name: token, projected: {sources: [{serviceAccountToken: {path: istio-token, audience: istio-ca, expirationSeconds: 43200} }]} }
            """);

        await Cluster.ReadyAsync(ns, "reader");
        await Until.TrueAsync(async () => (await LogAsync(ns, "reader")) is var log && log.StartsWith("firsttoken\n", StringComparison.Ordinal) && log.Contains("kept", StringComparison.Ordinal),
            "the files are there, and read-only");
        Cluster.Api.Store.Update(Cluster.Api.Store.Kinds.Get("", "ConfigMap"), ns, "roots", static map =>
        {
            map["data"] = new JsonObject { ["root-cert.pem"] = "second" };
            return map;
        });

        await Until.TrueAsync(async () => (await LogAsync(ns, "reader")).Contains("second", StringComparison.Ordinal), "what the volume holds now is seen");
        Assert.False(Directory.Exists("/run/secrets/istio"));
    }

    [Fact]
    public async Task A_pods_files_that_cannot_be_written_keep_no_others_from_being_brought_up_to_date()
    {
        var ns = fixture.NewNamespace();
        Cluster.Create($$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: words, namespace: "{{ns}}" }
            data: {word: first}
            """);
        foreach (var name in (string[])["broken", "sound"])
            Cluster.Create($$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: {{name}}, namespace: "{{ns}}" }
                spec:
                  nodeName: k1
                  containers: [{name: main, image: playground/pause}]
                  volumes: [{name: words, configMap: {name: words} }]
                """);
        foreach (var name in (string[])["broken", "sound"]) await Cluster.ReadyAsync(ns, name);
        string VolumeOf(string name) => Path.Combine(Cluster.Nodes[0].Files.State, "kubelet/pods", Cluster.Find("Pod", ns, name)!.Uid, "volumes/words");
        Directory.Delete(VolumeOf("broken"), recursive: true);
        await File.WriteAllTextAsync(VolumeOf("broken"), "no directory");

        foreach (var word in (string[])["second", "third"])
            Cluster.Api.Store.Update(Cluster.Api.Store.Kinds.Get("", "ConfigMap"), ns, "words", map =>
            {
                map["data"] = new JsonObject { ["word"] = word };
                return map;
            });

        await Until.TrueAsync(async () => await File.ReadAllTextAsync(Path.Combine(VolumeOf("sound"), "word")) == "third", "the other pod's volume holds what the ConfigMap says");
    }

    [Theory]
    [InlineData("name: none, mountPath: /run/x", "there is no volume")]
    [InlineData("name: empty, mountPath: /such/place", "no such directory")]
    [InlineData("name: empty, mountPath: /run/x, subPath: a", "subPath")]
    public async Task A_mount_that_cannot_be_made_is_told(string mount, string problem)
    {
        var ns = fixture.NewNamespace();
        Cluster.Create($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: odd, namespace: "{{ns}}" }
            spec:
              nodeName: k1
              containers: [{name: main, image: playground/pause, volumeMounts: [{ {{mount}} }]}]
              volumes: [{name: empty, emptyDir: {} }]
            """);

        await Until.TrueAsync(() => Container(ns, "odd").Text("state", "waiting", "message")?.Contains(problem, StringComparison.Ordinal) == true, () => Cluster.Describe(ns, "odd"));
    }

    private JsonObject Container(string ns, string name) => Cluster.Find("Pod", ns, name)?.Copy().ObjectsAt("status", "containerStatuses").FirstOrDefault() ?? [];

    private async Task<string> LogAsync(string ns, string name) => (await Cluster.KubectlAsync("logs", "-n", ns, name)).Output;

    private string? Phase(string ns, string name) => Cluster.Find("Pod", ns, name)?.Copy().Text("status", "phase");

    internal static string Url(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : $"{address}";

    internal static string Echo(int port) => $"socat, \"TCP6-LISTEN:{port},fork,reuseaddr,ipv6only=0\", \"EXEC:cat\"";

    internal static string Pod(string ns, string name, string node, string command, string more = "dnsPolicy: Default") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, namespace: {{ns}}, labels: {app: "{{name}}" } }
        spec:
          nodeName: {{node}}
          {{more}}
          containers:
          - {name: main, image: any, command: [{{command}}]}
        """;
}
