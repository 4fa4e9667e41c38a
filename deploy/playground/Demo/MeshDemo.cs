using System.Diagnostics;
using System.Text;
using Ambient.Lab.Network;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Demo;

/// <summary>The mesh at work, told step by step. Everything it says it has seen, it has seen in this run.</summary>
internal sealed class MeshDemo(Shop shop, Story story)
{
    private MeshNode Node1 => shop.Cluster.Nodes[0];
    private MeshNode Node2 => shop.Cluster.Nodes[1];

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
        await WithoutControlPlaneAsync();
        await MetricsAsync();
        await KilledAsync();
    }

    private async Task IntroduceAsync()
    {
        story.Step("A cluster on this machine: nodes and pods are network namespaces, kubectl is kubectl");
        await KubectlAsync("get", "nodes,pods", "-A", "-o", "wide");
        story.Say("Each node runs ztunnel and a node agent, and the control plane watches the API: real processes. No pod of the shop is in the mesh yet.");
    }

    private async Task WithoutMeshAsync()
    {
        story.Step("Without the mesh, whoever listens on the wire reads along");
        await using var capture = await shop.Cluster.Network.CaptureAsync("without");
        await CurlAsync(shop.Web, $"{shop.CartUrl}/my-credit-card-is-1234");
        await capture.FlushAsync();
        story.Check(capture.Contains("my-credit-card-is-1234"u8), "the packet capture between the nodes holds 'my-credit-card-is-1234'");
    }

    private async Task EnrolAsync()
    {
        story.Step("Enrol the pods: no restart, nothing changes inside them");
        await shop.Cluster.EnrolAsync(shop.Pods);
        foreach (var pod in shop.Pods) story.Say($"{pod.Name} is captured and served by ztunnel on {pod.Node.Name}");
        var answer = await CurlAsync(shop.Web, shop.CartUrl);
        story.Check(answer.Succeeded && answer.Output.Contains($"{shop.Web.Address.V4}", StringComparison.Ordinal),
            "the cart answers as before, and still sees the address of the pod that called");
    }

    private async Task EncryptedAsync()
    {
        story.Step("The same words again, and the same wire");
        await using var capture = await shop.Cluster.Network.CaptureAsync("with");
        for (var i = 0; i < 5; i++) await shop.CurlAsync(shop.Web, $"{shop.CartUrl}/my-credit-card-is-1234");
        await CurlAsync(shop.Web, $"{shop.CartUrl}/my-credit-card-is-1234");
        await capture.FlushAsync();
        var tunnel = await capture.CountAsync("tcp port 15008");
        var plain = await capture.CountAsync($"tcp port {Shop.Port}");
        story.Say($"captured: {tunnel} packets of the tunnel (port 15008), {plain} of the application (port {Shop.Port})");
        story.Check(tunnel > 0 && plain == 0, "between the nodes there is only the tunnel: TLS 1.3, mutual, HTTP/2 CONNECT inside");
        story.Check(!capture.Contains("my-credit-card-is-1234"u8), "the secret is nowhere in the capture");
    }

    private async Task BothLogsAsync()
    {
        story.Step("Both nodes have logged who spoke to whom");
        foreach (var (node, direction) in new[] { (Node1, "outbound"), (Node2, "inbound") })
        {
            var line = await LogLineAsync(node, $"direction=\"{direction}\"", "connection complete");
            story.Say($"{node.Name}, {direction}:");
            story.Show(line.Replace('\t', ' '));
            story.Check(line.Contains(shop.Web.Identity, StringComparison.Ordinal) && line.Contains(shop.Cart.Identity, StringComparison.Ordinal),
                "with the identities of both pods, proved by their certificates");
        }
    }

    private async Task NamesAsync()
    {
        story.Step("A service, by kubectl: its name is answered inside the pod");
        await ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: cart, namespace: shop}
            spec:
              clusterIP: {{Shop.ServiceAddress}}
              selector: {app: cart}
              ports: [{port: 80, targetPort: {{Shop.Port}}}]
            """);
        await Until.TrueAsync(async () => (await DigAsync()).Trim() == Shop.ServiceAddress, "the service's name resolves in the pod web");
        story.Run(shop.Web.Name, "dig +short cart.shop.svc.cluster.local");
        var answer = await DigAsync();
        story.Show(answer);
        story.Check(answer.Trim() == Shop.ServiceAddress, "the service's address, without any DNS server");
        var page = await CurlAsync(shop.Web, "http://cart.shop.svc.cluster.local/by-name");
        story.Check(page.Output.Contains("hello from cart", StringComparison.Ordinal), "and the address leads to a pod of the service");
    }

    private async Task<string> DigAsync() =>
        (await shop.Web.RunAsync("dig", "+short", "+timeout=3", "+tries=1", "cart.shop.svc.cluster.local")).Output;

    private async Task PolicyAsync()
    {
        story.Step("Policy, by kubectl: only web may call the cart");
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: only-web, namespace: shop}
            spec:
              selector: {matchLabels: {app: cart}}
              rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
            """);
        await Until.TrueAsync(async () => !(await shop.CurlAsync(shop.Batch, shop.CartUrl)).Succeeded, "batch is turned away");
        var batch = await CurlAsync(shop.Batch, shop.CartUrl);
        var web = await CurlAsync(shop.Web, shop.CartUrl);
        story.Check(web.Succeeded, "web is let in");
        story.Check(!batch.Succeeded, "batch is not");
        story.Show((await LogLineAsync(Node2, "direction=\"inbound\"", shop.Batch.Identity)).Replace('\t', ' '));
    }

    private async Task UnenforceablePolicyAsync()
    {
        story.Step("A policy that nobody could enforce says so, where one looks");
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: only-get, namespace: shop}
            spec:
              selector: {matchLabels: {app: batch}}
              rules: [{to: [{operation: {methods: [GET]}}]}]
            """);
        string[] status = ["get", "authorizationpolicy", "only-get", "-n", "shop", "-o", "jsonpath={.status.conditions[0].reason}: {.status.conditions[0].message}"];
        await Until.TrueAsync(async () => (await shop.Cluster.KubectlAsync(status)).Output.Contains("Unsupported", StringComparison.Ordinal), "the policy has a status");
        var said = await KubectlAsync(status);
        story.Check(said.Output.Contains("methods", StringComparison.Ordinal), "methods need a waypoint: the status names them, and the rule lets nobody in meanwhile");
        await KubectlAsync("delete", "authorizationpolicy", "only-get", "-n", "shop");
    }

    private async Task LiveConnectionAsync()
    {
        story.Step("Policy closes connections that are open already");
        var stream = shop.Web.Start("stream", "curl", "-sSN", $"{shop.CartUrl}/stream");
        await stream.WaitForLogAsync("3 4 5");
        story.Run(shop.Web.Name, $"curl {shop.CartUrl}/stream");
        story.Say($"web is receiving a stream: {stream.ReadLog().Trim()} ...");
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: nobody, namespace: shop}
            spec:
              selector: {matchLabels: {app: cart}}
              action: DENY
              rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
            """);
        var watch = Stopwatch.StartNew();
        await stream.WaitForExitAsync();
        story.Show(stream.LogTail(1));
        story.Check(stream.ExitCode != 0, $"a policy that denies web cuts the stream, {watch.ElapsedMilliseconds} ms after kubectl had returned");
        await KubectlAsync("delete", "authorizationpolicy", "--all", "-n", "shop");
        await Until.TrueAsync(async () => (await shop.CurlAsync(shop.Web, shop.CartUrl)).Succeeded, "web is let in again");
    }

    private async Task WithoutControlPlaneAsync()
    {
        story.Step("Kill the control plane: nobody notices");
        await shop.Cluster.ControlPlane.KillAsync();
        story.Say("the control plane was killed with SIGKILL");
        var answers = 0;
        for (var i = 0; i < 20; i++)
            if ((await shop.CurlAsync(shop.Web, shop.CartUrl)).Succeeded) answers++;
        story.Check(answers == 20, $"{answers} of 20 new connections succeeded without it");
        await shop.Cluster.ControlPlane.StartAsync();
        story.Say("it is back; the proxies have taken up their sessions where they were");
    }

    private async Task MetricsAsync()
    {
        story.Step("What dashboards see");
        var lines = (await Node2.MetricsAsync()).Split('\n')
            .Where(line => line.StartsWith("istio_tcp_connections_opened_total{", StringComparison.Ordinal) || line.StartsWith("istio_tcp_sent_bytes_total{", StringComparison.Ordinal))
            .Where(line => line.Contains("source_workload=\"web\"", StringComparison.Ordinal) && line.Contains("mutual_tls", StringComparison.Ordinal)).ToList();
        foreach (var line in lines) story.Show(Shorten(line));
        story.Check(lines.Count > 0, "the usual istio_tcp_* metrics, with the identities of both sides");
    }

    private async Task KilledAsync()
    {
        story.Step("Kill ztunnel: traffic is refused, never sent in clear");
        await using var capture = await shop.Cluster.Network.CaptureAsync("killed");
        await Node1.Ztunnel.KillAsync();
        story.Say("ztunnel on node1 was killed with SIGKILL");
        var refused = await CurlAsync(shop.Web, $"{shop.CartUrl}/does-this-leak");
        await capture.FlushAsync();
        story.Check(!refused.Succeeded, "the connection is refused");
        story.Check(!capture.Contains("does-this-leak"u8), "nothing of it reached the wire");
        await Node1.StartZtunnelAsync();
        var back = await CurlAsync(shop.Web, shop.CartUrl);
        story.Check(back.Succeeded, "a new ztunnel takes over the pods and traffic flows again");
    }

    private async Task<CommandResult> CurlAsync(LabPod from, string url)
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

    private static async Task<string> LogLineAsync(MeshNode node, params IReadOnlyList<string> texts)
    {
        string? line = null;
        await Until.TrueAsync(() => (line = node.Ztunnel.ReadLog().Split('\n')
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
