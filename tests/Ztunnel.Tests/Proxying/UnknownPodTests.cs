using System.Net.Sockets;
using Ambient.TestKit;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>The node agent has told of a pod, the control plane never does.</summary>
public sealed class UnknownPodTests
{
    [Theory(Timeout = 60_000)]
    [InlineData(PodScene.Outbound, "unknown_source")]
    [InlineData(PodScene.Passthrough, "unknown_destination")]
    public async Task Its_connections_wait_for_five_seconds_and_are_refused(int port, string reason)
    {
        var time = new ManualTime();
        var scene = await PodScene.CreateAsync(isKnown: false, time);
        await using (scene)
        {
            using var application = scene.OpenApplication("10.9.0.9", port);
            var proxy = await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false);
            using var client = scene.NewSocket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(application.LocalEndPoint!);
            await CapturedAsync(proxy);

            time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
            await SettleAsync(proxy);
            Assert.False(client.Poll(0, SelectMode.SelectRead));
            time.Advance(TimeSpan.FromTicks(1));

            var end = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]));
            Assert.Equal(SocketError.ConnectionReset, end.SocketErrorCode);
            Assert.False(application.Poll(0, SelectMode.SelectRead));
            await proxy.StopAsync(PodStop.Immediate);
        }
        Assert.Contains($"reason=\"{reason}\"", scene.Log, StringComparison.Ordinal);
    }

    private static async Task CapturedAsync(PodProxy proxy)
    {
        while (proxy.Parts.All(static part => part.Connections.Count == 0)) await Task.Yield();
        await SettleAsync(proxy); // now it waits
    }

    private static async Task SettleAsync(PodProxy proxy)
    {
        foreach (var part in proxy.Parts) await part.Loop.RunAsync(static () => ValueTask.CompletedTask);
    }
}
