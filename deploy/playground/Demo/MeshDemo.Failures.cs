using System.Diagnostics;
using System.Net;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.Playground.Demo;

// What breaks, or is replaced, while the shop is open.
internal sealed partial class MeshDemo
{
    private static readonly IPEndPoint Service = new(IPAddress.Parse(Shop.ServiceAddress), 80);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

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

    private async Task RolloutAsync()
    {
        story.Step("Roll the cart under load: no request fails, and no pod waits before it stops");
        await using var client = SteadyClient.Start(shop.Web, Service, Pause, callers: 2);
        await Until.TrueAsync(() => client.Succeeded > 20, "requests are answered");
        await KubectlAsync("rollout", "restart", "-n", "shop", "deployment/cart");
        (await shop.Cluster.KubectlAsync("rollout", "status", "-n", "shop", "deployment/cart", "--timeout=25s")).OutputOrThrow();
        var answered = client.Succeeded;
        await Until.TrueAsync(() => client.Succeeded > answered + 20, "requests are answered by the new pods");
        await client.StopAsync();
        foreach (var failure in client.Failures.Take(5)) story.Show(failure);
        story.Check(client.Failures.Count == 0, $"{client.Succeeded} requests of web were answered, {client.Failures.Count} failed");
    }

    private async Task KilledAsync()
    {
        story.Step("Kill ztunnel: traffic is refused, never sent in clear");
        await using var capture = await shop.Cluster.Network.CaptureAsync("killed");
        var url = shop.CartUrl;
        await shop.Cluster.KillZtunnelAsync(Node1);
        await Until.TrueAsync(() => shop.Cluster.ZtunnelRuns(Node1), "the kubelet has started it again");
        await shop.Cluster.KillZtunnelAsync(Node1);
        story.Say("ztunnel on node1 was killed with SIGKILL, and again when the kubelet had started it again: now the kubelet waits before it tries once more");
        var refused = await CurlAsync(shop.Web, $"{url}/does-this-leak");
        await capture.FlushAsync();
        story.Check(!refused.Succeeded, "the connection is refused");
        story.Check(!capture.Contains("does-this-leak"u8), "nothing of it reached the wire");
        await Until.TrueAsync(async () => (await shop.CurlAsync(shop.Web, url)).Succeeded, "traffic flows again", PodCluster.Patience);
        story.Check(true, "the next ztunnel takes over the pods and traffic flows again");
    }

    private async Task RebootAsync()
    {
        story.Step("A node loses its power and starts again: no pod of the mesh says a word in clear");
        await using var capture = await shop.Cluster.Network.CaptureAsync("reboot");
        await using var client = SteadyClient.Start(shop.Web, Service, Pause);
        await Node2.CrashAsync();
        story.Say("node2: every process is dead, the namespaces of its pods and /run are gone; what starts first is up to the kubelet");
        var watch = Stopwatch.StartNew();
        await Node2.StartAsync();
        await shop.Cluster.ReadyAsync(Node2);
        await shop.ReadyAsync();
        await shop.Cluster.EnrolledAsync(Shop.Namespace);
        story.Say($"ztunnel, the agent and the cart run again, in the mesh, {watch.Elapsed.TotalSeconds:0.0} s after the node had started");
        var answered = client.Succeeded;
        await Until.TrueAsync(() => client.Succeeded > answered + 10, () => $"the cart answers again: {string.Join("; ", client.Failures.TakeLast(3))}", PodCluster.Patience);
        await client.StopAsync();
        await capture.FlushAsync();
        var plain = await capture.CountAsync($"tcp port {Shop.Port}");
        story.Check(plain == 0, $"the capture of the reboot has {plain} packets of the application in clear");
        story.Check(!capture.Contains("GET /steady"u8), "and nothing of the requests that web kept making");
    }
}
