using System.Net;
using Ambient.Hbone.Client;
using Ambient.Model.Identities;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Tests.Proxying;

namespace Ambient.Ztunnel.Tests.Inbound;

/// <summary>What two proxies tell each other of their workloads, and whether that is wanted.</summary>
public sealed class BaggageTests
{
    private static readonly SpiffeId Client = new("cluster.local", "far", "client"), Server = new("cluster.local", "shop", "server");

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task The_client_is_told_who_served_it_and_believed_where_that_is_wanted(string isWanted)
    {
        var scene = await PodScene.CreateAsync(settings: ("ENABLE_RESPONSE_BAGGAGE", isWanted));
        string? answered;
        await using (scene)
        {
            using var application = scene.OpenApplication();
            var proxy = await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false);
            var (part, to) = (proxy.Parts[0], (IPEndPoint)application.LocalEndPoint!);
            var key = new TunnelKey(Client, IPAddress.Loopback, new(to.Address, PodScene.Hbone), [Server]);

            // Of another network, so that its address says nothing of who it is.
            answered = await part.Loop.RunAsync(async () =>
            {
                var connected = await part.Pool.ConnectAsync(key, new($"{to}") { Baggage = "k8s.namespace.name=far,k8s.pod.name=claimed", ForwardedNetwork = "far" });
                Assert.True(connected.Stream is not null, connected.Failure?.Message);
                connected.Stream.Dispose();
                return connected.Answer!.Baggage;
            });
            await proxy.StopAsync(PodStop.Graceful);
        }

        var line = Assert.Single(scene.Log.Split('\n'), line => line.Contains($"src.identity=\"{Client}\"", StringComparison.Ordinal));
        Assert.Equal(isWanted == "true", line.Contains("src.workload=\"claimed\" src.namespace=\"far\"", StringComparison.Ordinal));
        Assert.Equal(isWanted == "true" ? "k8s.cluster.name=Kubernetes,k8s.namespace.name=shop,k8s.deployment.name=server,service.name=server" : null, answered);
    }
}
