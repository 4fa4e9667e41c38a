namespace Ambient.Playground.Demo;

/// <summary>Keeps the cluster up until Ctrl-C and says what can be done in it.</summary>
internal static class OpenHouse
{
    public static async Task KeepAsync(Shop shop, Story story)
    {
        var (cluster, web) = (shop.Cluster, shop.Web);
        story.Step("The cluster stays up until Ctrl-C");
        story.Say($"export KUBECONFIG={cluster.Pods.Kubeconfig}   # then kubectl as you know it:");
        story.Say("kubectl get pods -A -o wide; kubectl apply -f ...; kubectl logs -n istio-system daemonset/ztunnel");
        story.Say("kubectl rollout restart -n shop deployment/cart; kubectl label namespace shop istio.io/dataplane-mode-");
        story.Say("Containers run programs of this machine: give them a command (the image does not matter then), or one of the images");
        story.Say("playground/application (args: NAME PORT), playground/pause, ambient/ztunnel, ambient/cni-agent.");
        story.Say($"ip netns exec {web.NetworkNamespace} curl http://cart.shop.svc.cluster.local/hello   # as kubectl exec in the pod web would");
        foreach (var node in cluster.Nodes)
            if (cluster.Ztunnel(node) is { } ztunnel) story.Say($"ip netns exec {ztunnel.NetworkNamespace} curl -s http://127.0.0.1:15020/metrics   # ztunnel on {node.Name}; and 15000/config_dump");
        story.Say($"tail -f {cluster.ControlPlane.Process.LogFile}   # the control plane's log");
        story.Say($"ip netns exec {cluster.Network.Underlay} tcpdump -i any -nn   # the wire between the nodes");

        // Ctrl-C and SIGTERM end the process; the lab removes itself then.
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }
}
