using System.Text;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Demo;

/// <summary>The mesh at work, told step by step. Everything it says it has seen, it has seen in this run.</summary>
internal sealed partial class MeshDemo(Shop shop, Story story)
{
    private ClusterNode Node1 => shop.Cluster.Nodes[0];
    private ClusterNode Node2 => shop.Cluster.Nodes[1];

    public async Task RunAsync()
    {
        await IntroduceAsync();
        await WithoutMeshAsync();
        await EnrolAsync();
        await EncryptedAsync();
        await BothLogsAsync();
        await NamesAsync();
        await PolicyAsync();
        await UnenforceablePolicyAsync();
        await LiveConnectionAsync();
        await WaypointAsync();
        await CanaryAsync();
        await HeaderAsync();
        await FailingServerAsync();
        await RequestPolicyAsync();
        await MetricsAsync();
        await WithoutControlPlaneAsync();
        await RolloutAsync();
        await KilledAsync();
        await RebootAsync();
    }

    private async Task IntroduceAsync()
    {
        story.Step("A cluster on this machine: nodes and pods are network namespaces, kubectl is kubectl");
        story.Run("you", "kubectl apply -f shop.yaml");
        story.Show((await shop.Cluster.ApplyAsync(Shop.Manifest)).OutputOrThrow());
        await shop.ReadyAsync();
        await KubectlAsync("get", "pods", "-A", "-o", "wide");
        story.Say("Kubelets started these pods by CNI. ztunnel and the node agent are DaemonSets; the control plane watches the API. The shop is not in the mesh.");
    }

    private async Task MetricsAsync()
    {
        story.Step("What dashboards see");
        var lines = (await shop.Cluster.MetricsAsync(Node2)).Split('\n')
            .Where(line => line.StartsWith("istio_tcp_connections_opened_total{", StringComparison.Ordinal) || line.StartsWith("istio_tcp_sent_bytes_total{", StringComparison.Ordinal))
            .Where(line => line.Contains("source_workload=\"web\"", StringComparison.Ordinal) && line.Contains("mutual_tls", StringComparison.Ordinal)).ToList();
        foreach (var line in lines) story.Show(Shorten(line));
        story.Check(lines.Count > 0, "the usual istio_tcp_* metrics, with the identities of both sides");
    }

    private async Task<CommandResult> CurlAsync(RunningPod from, string url)
    {
        story.Run(from.Name, $"curl {url}");
        var result = await shop.CurlAsync(from, url);
        story.Show(result.Succeeded ? result.Output : result.Errors);
        return result;
    }

    private async Task<CommandResult> KubectlAsync(params IReadOnlyList<string> arguments)
    {
        story.Run("you", $"kubectl {string.Join(' ', arguments)}");
        var result = await shop.Cluster.KubectlAsync(arguments);
        story.Show(result.Succeeded ? result.Output : result.Errors);
        return result;
    }

    private async Task ApplyAsync(string manifest)
    {
        story.Run("you", "kubectl apply -f - <<EOF");
        story.Show(manifest);
        var result = await shop.Cluster.ApplyAsync(manifest);
        story.Show(result.OutputOrThrow());
    }

    private async Task<string> LogLineAsync(ClusterNode node, params IReadOnlyList<string> texts)
    {
        string? line = null;
        await Until.TrueAsync(() => (line = shop.Cluster.ZtunnelLog(node).Split('\n')
            .LastOrDefault(each => texts.All(text => each.Contains(text, StringComparison.Ordinal)))) is not null, $"ztunnel on {node.Name} logs it");
        return line!;
    }

    // The labels that say something here; a sample has some twenty.
    private static string Shorten(string sample)
    {
        var (name, rest) = (sample[..sample.IndexOf('{')], sample[(sample.IndexOf('{') + 1)..]);
        string[] wanted = ["reporter", "source_principal", "destination_principal", "destination_workload", "connection_security_policy"];
        var labels = rest[..rest.IndexOf('}')].Split(',').Where(label => wanted.Contains(label.Split('=')[0]));
        return new StringBuilder(name).Append('{').AppendJoin(',', labels).Append(",...}").Append(rest.AsSpan(rest.IndexOf('}') + 1)).ToString();
    }
}
