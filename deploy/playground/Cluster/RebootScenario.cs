using System.Text;
using Ambient.Lab.Processes;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Cluster;

/// <summary>
/// Nodes full of pods of the mesh that lose their power at any moment and start again in any order, while every pod talks. No packet
/// may carry in clear what a pod says, and every pod must run, and be in the mesh, in the end.
/// </summary>
public sealed class RebootScenario : IAsyncDisposable
{
    private const string Namespace = "shop", Label = "part-of", Vip = "10.96.200.200", Words = "a-word-in-clear";

    // Everything on the wire but the tunnel, and what the mesh itself asks its control plane and the API.
    private const string Strays = "(tcp or udp) and not port 15008 and not port 15012 and not port 6443 and not udp port 9";

    private readonly ClusterLab _cluster;
    private readonly int _pods;
    private readonly bool _overwrites;

    private RebootScenario(ClusterLab cluster, int pods, bool overwrites) => (_cluster, _pods, _overwrites) = (cluster, pods, overwrites);

    /// <param name="overwrites">Whether the network's installer writes its configuration anew at some moment of each start.</param>
    public static async Task<RebootScenario> PrepareAsync(int pods, bool overwrites = false)
    {
        var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        try
        {
            var scenario = new RebootScenario(cluster, pods, overwrites);
            await scenario.FillAsync();
            return scenario;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>One reboot of one node or of both, as a seed decides.</summary>
    public async Task<RebootOutcome> RunAsync(int seed)
    {
        var random = new Random(seed);
        var nodes = random.Next(4) == 0 ? _cluster.Nodes : [_cluster.Nodes[random.Next(2)]];
        var before = Sandboxes();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var capture = await _cluster.Network.CaptureAsync($"reboot-{seed}");
        await using (capture)
        {
            await Task.WhenAll(nodes.Select((node, i) => RebootAsync(node, new Random(unchecked(seed * 31 + i)))));
            var isUp = await TrySettleAsync(nodes, before);
            await capture.FlushAsync();
            var strays = await capture.CountAsync(Strays);
            var outcome = new RebootOutcome(seed, [.. nodes.Select(node => node.Name)], strays, capture.Contains(Encoding.ASCII.GetBytes(Words)), isUp ? "" : Missing(nodes, before), watch.Elapsed,
                strays > 0 ? (await Command.RunAsync("tcpdump", "-r", capture.FilePath, "-nn", "-c", "8", Strays)).Output : "");
            if (outcome.IsGood) File.Delete(capture.FilePath);
            return outcome;
        }
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private async Task FillAsync()
    {
        _cluster.Pods.EnsureNamespace(Namespace, "talker");
        _cluster.Pods.Create($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: talkers, namespace: {{Namespace}} }
            spec: {clusterIP: {{Vip}}, selector: { {{Label}}: talkers}, ports: [{port: 80, targetPort: 8080}]}
            """);
        // Each says something to the others from its first moment on, before it listens itself.
        for (var i = 0; i < _pods; i++)
            _cluster.Pods.Create($$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: talker-{{i}}, namespace: {{Namespace}}, labels: { {{Label}}: talkers} }
                spec:
                  serviceAccountName: talker
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: any
                    command: [sh, -c, "(while :; do echo {{Words}} | socat -t 1 -T 3 - TCP:{{Vip}}:80,connect-timeout=3; sleep 1; done) >/dev/null 2>&1 & exec socat TCP6-LISTEN:8080,fork,reuseaddr,ipv6only=0 EXEC:cat"]
                """);
        for (var i = 0; i < _pods; i++) await _cluster.Pods.ReadyAsync(Namespace, $"talker-{i}");
        await _cluster.EnrolAsync(Namespace);
    }

    private async Task RebootAsync(ClusterNode node, Random random)
    {
        var off = TimeSpan.FromMilliseconds(random.Next(500));
        var late = random.Next(3) switch { 0 => TimeSpan.Zero, 1 => TimeSpan.FromMilliseconds(random.Next(300)), _ => TimeSpan.FromMilliseconds(random.Next(3000)) };
        await node.CrashAsync();
        await Task.Delay(off, TimeProvider.System);
        var starting = node.StartAsync();
        await Task.Delay(late, TimeProvider.System);
        if (_overwrites) node.WriteNetwork();
        await starting;
    }

    private async Task<bool> TrySettleAsync(IReadOnlyList<ClusterNode> nodes, Dictionary<string, string> before)
    {
        try
        {
            await Until.TrueAsync(() => Late(nodes, before).Count == 0 && _cluster.Outside(Namespace).Count == 0, "every pod runs in the mesh", TimeSpan.FromSeconds(180));
            foreach (var node in nodes) await _cluster.ReadyAsync(node);
            return true;
        }
        catch (Lab.LabException)
        {
            return false;
        }
    }

    private Dictionary<string, string> Sandboxes() => Pods().ToDictionary(pod => pod.Name, pod => pod.NetworkNamespace);

    private IEnumerable<RunningPod> Pods() => Enumerable.Range(0, _pods).Select(i => _cluster.Pods.Running(Namespace, $"talker-{i}")).OfType<RunningPod>();

    // Those that do not run, or not anew although their node was away.
    private List<string> Late(IReadOnlyList<ClusterNode> nodes, Dictionary<string, string> before)
    {
        var running = Pods().ToDictionary(pod => pod.Name);
        return [.. Enumerable.Range(0, _pods).Select(i => $"talker-{i}").Where(name =>
            !running.TryGetValue(name, out var pod) || !PodCluster.IsReady(_cluster.Pods.Find("Pod", Namespace, name))
            || (nodes.Any(node => node.Machine == pod.Node) && before.GetValueOrDefault(name) == pod.NetworkNamespace))];
    }

    private string Missing(IReadOnlyList<ClusterNode> nodes, Dictionary<string, string> before)
    {
        var missing = Late(nodes, before).Union(_cluster.Outside(Namespace)).ToList();
        return $"{missing.Count} pods are not up: {string.Join(", ", missing.Take(10))}. {missing.Select(name => _cluster.Pods.Describe(Namespace, name)).FirstOrDefault()}\n{_cluster.AgentLogs()}";
    }
}
