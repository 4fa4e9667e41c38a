using System.Net;
using System.Net.Sockets;
using Ambient.Hbone.Client;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>A policy that comes when a connection was allowed already, and its application, which is slow to take it, is still being dialled.</summary>
public sealed class PolicyDuringDialTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly PolicyMatch Anybody = new() { NotDestinationPorts = [1] };

    [Fact(Timeout = 60_000)]
    public async Task Plaintext_that_is_denied_meanwhile_is_cut_before_any_byte()
    {
        var scene = await PodScene.CreateAsync();
        await using (scene)
        {
            using var application = scene.OpenApplication();
            using var first = await FillAsync(scene, application);
            var proxy = await StartAsync(scene);
            using var client = scene.NewSocket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(application.LocalEndPoint!);
            await client.SendAsync("let me in"u8.ToArray());

            await DenyAsync(scene, application);

            await AssertNothingComesAsync(application);
            await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]).WaitAsync(Limit));
            await proxy.StopAsync(PodStop.Immediate);
        }
        Assert.Contains("reason=\"denied_by_policy\"", scene.Log, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stream_of_a_tunnel_that_is_denied_meanwhile_is_cut_before_any_byte()
    {
        var scene = await PodScene.CreateAsync();
        await using (scene)
        {
            using var application = scene.OpenApplication();
            using var first = await FillAsync(scene, application);
            var proxy = await StartAsync(scene);
            var (part, to) = (proxy.Parts[0], (IPEndPoint)application.LocalEndPoint!);
            var key = new TunnelKey(new("cluster.local", "shop", "client"), IPAddress.Loopback, new(to.Address, PodScene.Hbone), [new SpiffeId("cluster.local", "shop", "server")]);
            var connecting = part.Loop.RunAsync(async () =>
            {
                var connected = await part.Pool.ConnectAsync(key, new($"{to}"));
                if (connected.Stream is not { } stream) return false;
                while (!stream.IsBroken) await stream.WaitReadableAsync();
                stream.Dispose();
                return true;
            });

            await DenyAsync(scene, application);

            await AssertNothingComesAsync(application);
            await connecting.WaitAsync(Limit); // refused, or cut after its 200
            await proxy.StopAsync(PodStop.Immediate);
        }
        Assert.Contains("reason=\"denied_by_policy\"", scene.Log, StringComparison.Ordinal);
    }

    private static async Task<PodProxy> StartAsync(PodScene scene) =>
        await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false);

    /// <summary>One connection waits for the application, which takes no second one before: the kernel drops what asks, and whoever dials asks again.</summary>
    private static async Task<Socket> FillAsync(PodScene scene, Socket application)
    {
        application.Listen(0);
        var to = (IPEndPoint)application.LocalEndPoint!;
        var descriptor = scene.Sockets.ForDial(to); // marked, so that it is not captured
        var first = new Socket(new SafeSocketHandle(descriptor.Release(), ownsHandle: true));
        await first.ConnectAsync(to);
        return first;
    }

    private static async Task DenyAsync(PodScene scene, Socket application)
    {
        while (!scene.IsDialling(((IPEndPoint)application.LocalEndPoint!).Port)) await Task.Yield(); // then it was judged
        scene.Mesh.Apply(new MeshBuilder().Policy("shop/nobody", PolicyAction.Deny, match: Anybody).Delta);
    }

    private static async Task AssertNothingComesAsync(Socket application)
    {
        using (await application.AcceptAsync().WaitAsync(Limit)) { } // the first
        using var dialled = await application.AcceptAsync().WaitAsync(Limit);
        var received = 0;
        try { received = await dialled.ReceiveAsync(new byte[1]).WaitAsync(Limit); }
        catch (SocketException cut) when (cut.SocketErrorCode == SocketError.ConnectionReset) { }
        Assert.Equal(0, received);
    }
}
