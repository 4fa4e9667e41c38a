using System.Net.Sockets;
using System.Text;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>A pod that enters the mesh while others call it.</summary>
public sealed class PodEntryTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30), Second = TimeSpan.FromSeconds(1);
    private static readonly PolicyMatch Anybody = new() { NotDestinationPorts = [1] };
    private static readonly LocalName Name = new("server", "shop", "server");

    private readonly MeshState _mesh = new();
    private readonly ManualTime _time = new();

    [Fact]
    public void A_pod_that_the_mesh_does_not_know_or_knows_inside_is_not_entering()
    {
        Assert.False(PodEntry.Of(Name, _mesh, _time).IsUnderWay);

        Tell(_mesh, TunnelProtocol.Hbone);

        Assert.False(PodEntry.Of(Name, _mesh, _time).IsUnderWay);
    }

    [Fact(Timeout = 60_000)]
    public async Task It_is_over_a_second_after_the_mesh_knows()
    {
        Tell(_mesh, TunnelProtocol.None);
        var entry = PodEntry.Of(Name, _mesh, _time);
        _time.Advance(2 * Second);
        Assert.True(entry.IsUnderWay);

        Tell(_mesh, TunnelProtocol.Hbone);
        await _time.WhenPendingAsync(2);
        _time.Advance(Second - TimeSpan.FromMilliseconds(1));
        Assert.True(entry.IsUnderWay);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await OverAsync(entry);
    }

    [Fact(Timeout = 60_000)]
    public async Task It_is_over_after_five_seconds_if_the_mesh_never_hears()
    {
        Tell(_mesh, TunnelProtocol.None);
        var entry = PodEntry.Of(Name, _mesh, _time);
        await _time.WhenPendingAsync(1);
        _time.Advance(5 * Second - TimeSpan.FromMilliseconds(1));
        Assert.True(entry.IsUnderWay);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        await OverAsync(entry);
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_calls_in_plain_meanwhile_is_served_to_the_end_and_who_comes_later_is_judged()
    {
        var scene = await PodScene.CreateAsync(isKnown: false);
        await using (scene)
        {
            Tell(scene.Mesh, TunnelProtocol.None);
            scene.Mesh.Apply(new MeshBuilder().Policy("shop/nobody", PolicyAction.Deny, match: Anybody).Delta);
            using var application = scene.OpenApplication();
            var proxy = await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: false, isArriving: true);
            using var early = await CallAsync(scene, application);
            using var served = await application.AcceptAsync().WaitAsync(Limit);
            Assert.Equal("hello", await ReadAsync(served));

            Tell(scene.Mesh, TunnelProtocol.Hbone);
            while (proxy.Parts[0].Pod.Entry.IsUnderWay) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            scene.Mesh.Apply(new MeshBuilder().Policy("shop/nobody-again", PolicyAction.Deny, match: Anybody).Delta);

            await Assert.ThrowsAsync<SocketException>(async () => // sooner or later: it is reset once it is judged
            {
                using var late = await CallAsync(scene, application);
                await ReadAsync(late);
            });
            await served.SendAsync("still here"u8.ToArray());
            Assert.Equal("still here", await ReadAsync(early));
            await proxy.StopAsync(PodStop.Immediate);
        }
        Assert.Contains("reason=\"denied_by_policy\"", scene.Log, StringComparison.Ordinal);
    }

    private static void Tell(MeshState mesh, TunnelProtocol protocol) =>
        mesh.Apply(new() { Workloads = [.. new MeshBuilder().Workload("shop/server", "10.1.0.2", protocol: protocol).Build().Workloads] });

    private static async Task<Socket> CallAsync(PodScene scene, Socket application)
    {
        var client = scene.NewSocket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(application.LocalEndPoint!);
        await client.SendAsync("hello"u8.ToArray());
        return client;
    }

    private static async Task<string> ReadAsync(Socket from)
    {
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, await from.ReceiveAsync(buffer).WaitAsync(Limit));
    }

    // It ends on a thread of its own, soon after the clock has come there.
    private static async Task OverAsync(PodEntry entry)
    {
        for (var began = TimeProvider.System.GetTimestamp(); entry.IsUnderWay;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Limit, "the entry goes on");
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }
}
