namespace Ambient.Playground.Demo;

/// <summary>Keeps the lab up until Ctrl-C and says what can be done in it.</summary>
internal static class OpenHouse
{
    public static async Task KeepAsync(Shop shop, Story story)
    {
        story.Step("The lab stays up until Ctrl-C");
        story.Say($"export KUBECONFIG={shop.Cluster.Kubeconfig}   # then kubectl as you know it");
        foreach (var pod in shop.Pods) story.Say($"ip netns exec {pod.Namespace} bash   # inside the pod {pod.Name}");
        story.Say($"ip netns exec {shop.Web.Namespace} curl {shop.CartUrl}/hello");
        foreach (var node in shop.Cluster.Nodes)
        {
            story.Say($"tail -f {node.Ztunnel.LogFile}   # the access log of {node.Name}");
            story.Say($"ip netns exec {node.Lab.Namespace} curl -s http://127.0.0.1:15020/metrics   # and 15000/config_dump");
        }
        story.Say($"tail -f {shop.Cluster.ControlPlane.Process.LogFile}   # the control plane's log");
        story.Say($"ip netns exec {shop.Cluster.Network.Underlay} tcpdump -i any -nn   # the wire between the nodes");

        // Ctrl-C and SIGTERM end the process; the lab removes itself then.
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }
}
