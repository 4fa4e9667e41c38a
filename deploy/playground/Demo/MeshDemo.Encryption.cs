using System.Diagnostics;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Demo;

// Plain at first; then the namespace gets its label, and the same words are nowhere to be seen.
internal sealed partial class MeshDemo
{
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
        story.Step("Label the namespace: the pods that run are in the mesh, none is restarted");
        var cart = shop.Cart;
        await using var open = shop.OpenStream(shop.CartUrl);
        await open.WaitForLogAsync("0 1 2");
        var before = shop.Lives();
        story.Say($"web has a connection to the cart on which words keep coming: {open.ReadLog().Trim()} ...");
        await KubectlAsync("label", "namespace", Shop.Namespace, "istio.io/dataplane-mode=ambient");
        var watch = Stopwatch.StartNew();
        await Until.TrueAsync(() => shop.Cluster.Outside(Shop.Namespace).Count == 0, shop.Cluster.AgentLogs, TimeSpan.FromSeconds(30));
        story.Say($"{before.Count} pods are captured and served, {watch.ElapsedMilliseconds} ms after kubectl had returned");
        await shop.Cluster.EnrolledAsync(Shop.Namespace);
        var read = open.ReadLog().Length;
        await Until.TrueAsync(() => !open.IsRunning || open.ReadLog().Length > read + 4, "the stream goes on or ends");
        story.Check(open.IsRunning, "the connection that was open goes on");
        await open.StopAsync();
        await Until.TrueAsync(async () => (await cart.RunAsync("ss", "-Htn", "sport", "=", $":{Shop.Port}")).Output.Trim().Length == 0, "the last plain connection has ended");
        story.Check(before.SequenceEqual(shop.Lives()), "the pods are the same as before: same uid, no restart");
        var answer = await CurlAsync(shop.Web, shop.CartUrl);
        story.Check(answer.Succeeded && answer.Output.Contains($"{shop.Web.Address}", StringComparison.Ordinal),
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
            var line = await LogLineAsync(node, $"direction=\"{direction}\"", "connection complete", Shop.WebIdentity);
            story.Say($"{node.Name}, {direction}:");
            story.Show(line.Replace('\t', ' '));
            story.Check(line.Contains(Shop.WebIdentity, StringComparison.Ordinal) && line.Contains(Shop.CartIdentity, StringComparison.Ordinal),
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
}
