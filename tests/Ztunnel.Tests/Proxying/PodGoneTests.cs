using System.Net.Sockets;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>A pod's namespace is closed while a connection is being set up: it waits until the control plane tells of the pod.</summary>
public sealed class PodGoneTests
{
    private const string Elsewhere = "10.9.0.9";

    [Theory]
    [InlineData(PodScene.Outbound, "outbound")]
    [InlineData(PodScene.Passthrough, "inbound")]
    public async Task A_connection_that_can_no_longer_be_made_is_drained_and_no_defect(int port, string direction)
    {
        var scene = await PodScene.CreateAsync(isKnown: false);
        await using (scene)
        {
            using var application = scene.OpenApplication(Elsewhere, port);
            var netns = scene.OpenNamespace();
            var sockets = scene.SocketsIn(netns);
            var proxy = await scene.Parts.Pods.ServeAsync(PodScene.Info, sockets, scene.OpenListeners(), preservesSource: false);
            using var client = scene.NewSocket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(application.LocalEndPoint!);
            await CapturedAsync(proxy);

            netns.Dispose();
            scene.TellOfPod();

            await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]));
            await proxy.StopAsync(PodStop.Immediate);
        }

        var line = Assert.Single(scene.Log.Split('\n'), line => line.Contains(Elsewhere, StringComparison.Ordinal) || line.Contains("reason=", StringComparison.Ordinal));
        Assert.Contains($"direction=\"{direction}\"", line, StringComparison.Ordinal);
        Assert.Contains("reason=\"drained\"", line, StringComparison.Ordinal);
    }

    private static async Task CapturedAsync(PodProxy proxy)
    {
        while (proxy.Parts.All(static part => part.Connections.Count == 0)) await Task.Yield();
    }
}
