using System.Net;
using System.Net.Sockets;
using Ambient.Model.Policies;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>A pod that stops while connections to it, and questions of it, are half way: they wait until the control plane tells of the pod.</summary>
public sealed class PodStopTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_drain_waits_for_a_connection_that_is_being_set_up()
    {
        await using var scene = await PodScene.CreateAsync(isKnown: false);
        using var application = scene.OpenApplication();
        var proxy = await StartAsync(scene);
        using var client = await ConnectAsync(scene, application);

        var stopping = proxy.StopAsync(PodStop.Graceful).AsTask();
        await DrainingAsync(proxy);
        scene.TellOfPod();
        using (await application.AcceptAsync().WaitAsync(Limit))
            Assert.False(stopping.IsCompleted);

        client.Dispose();
        await stopping;
    }

    [Fact]
    public async Task A_connection_that_is_being_set_up_ends_with_the_pod()
    {
        await using var scene = await PodScene.CreateAsync(isKnown: false);
        using var application = scene.OpenApplication();
        var proxy = await StartAsync(scene);
        using var client = await ConnectAsync(scene, application);

        await proxy.StopAsync(PodStop.Immediate);

        Assert.True(client.Poll(0, SelectMode.SelectRead));
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]))).SocketErrorCode);
    }

    [Fact]
    public async Task A_policy_that_comes_while_a_pod_drains_still_cuts_what_it_denies()
    {
        var scene = await PodScene.CreateAsync();
        await using (scene)
        {
            using var application = scene.OpenApplication();
            var proxy = await StartAsync(scene);
            using var client = await ConnectAsync(scene, application);
            using var served = await application.AcceptAsync().WaitAsync(Limit);

            var stopping = proxy.StopAsync(PodStop.Graceful).AsTask();
            await DrainingAsync(proxy);
            scene.Mesh.Apply(new MeshBuilder().Policy("shop/nobody", PolicyAction.Deny, match: new() { NotPrincipals = [StringMatcher.Presence] }).Delta);

            var end = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]).WaitAsync(Limit));
            Assert.Equal(SocketError.ConnectionReset, end.SocketErrorCode);
            await stopping;
        }
        Assert.Contains("reason=\"policy_changed\"", scene.Log, StringComparison.Ordinal); // and not by the drain's deadline
    }

    [Fact]
    public async Task Connections_are_drained_while_questions_are_not_answered_yet()
    {
        await using var scene = await PodScene.CreateAsync(isKnown: false);
        var proxy = await StartAsync(scene);
        using var client = scene.NewSocket(SocketType.Dgram, ProtocolType.Udp);
        await client.ConnectAsync(IPAddress.Loopback, PodScene.Dns);
        await client.SendAsync((byte[])[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, .. "api"u8, 4, .. "shop"u8, 0, 0, 1, 0, 1]); // api.shop, A, IN

        var stopping = proxy.StopAsync(PodStop.Graceful).AsTask();
        await DrainingAsync(proxy);
        Assert.Equal(0, client.Available);
        scene.TellOfPod();

        Assert.InRange(await client.ReceiveAsync(new byte[512]).WaitAsync(Limit), 12, 512);
        await stopping;
    }

    private static async Task<PodProxy> StartAsync(PodScene scene) =>
        await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false);

    private static async Task<Socket> ConnectAsync(PodScene scene, Socket application)
    {
        var client = scene.NewSocket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(application.LocalEndPoint!);
        return client;
    }

    private static async Task DrainingAsync(PodProxy proxy)
    {
        foreach (var part in proxy.Parts)
            while (!await part.Loop.RunAsync(() => ValueTask.FromResult(part.Connections.IsDraining))) await Task.Yield();
    }
}
