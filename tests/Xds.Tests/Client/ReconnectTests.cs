using Ambient.Grpc;
using Ambient.Protos.Workloads;
using Ambient.TestKit;
using Ambient.Xds.Tests.Scenes;
using static Ambient.Xds.Tests.Scenes.ScriptedControlPlane;

namespace Ambient.Xds.Tests.Client;

/// <summary>When the next stream is tried, and what it begins with.</summary>
public sealed class ReconnectTests
{
    [Fact]
    public async Task After_a_reconnect_what_is_held_is_named_with_its_versions_and_nothing_is_forgotten()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: [Workload("a", "00ab"), Workload("b", "not hex"), Workload("c", "ffffffffffffffff"), Workload("d", "1")]);
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n2", removed: ["d"]);
        await scene.ReceiveAsync();

        scene.End(new(StatusCode.Unknown, "gone"));
        await scene.AcceptAsync();
        var (policies, addresses) = await scene.ReceiveFirstAsync();

        Assert.Equal(new Dictionary<string, string> { ["a"] = "00ab", ["b"] = "not hex", ["c"] = "ffffffffffffffff" }, addresses.InitialResourceVersions);
        Assert.Empty(policies.InitialResourceVersions);
        Assert.NotNull(addresses.Node);
        Assert.Equal(3, scene.State.Current.WorkloadCount);
    }

    [Fact]
    public async Task A_server_with_the_extension_is_told_the_token_alone()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", StateToken.ToVersionInfo("token1"), resources: Workload("a"));
        await scene.ReceiveAsync();
        scene.End(null);
        await scene.AcceptAsync();

        var (_, addresses) = await scene.ReceiveFirstAsync();
        Assert.Equal("token1", StateToken.Read(addresses.Node, ResourceTypes.Address));
        Assert.Empty(addresses.InitialResourceVersions);

        await scene.SendAsync(ResourceTypes.Address, "", StateToken.UnknownState);
        var again = await scene.ReceiveAsync();
        Assert.Equal("1", again.InitialResourceVersions["a"]);
        Assert.Null(StateToken.Read(again.Node, ResourceTypes.Address));
        Assert.Equal("", again.ResponseNonce);
    }

    [Fact]
    public async Task A_server_without_the_extension_in_the_place_of_one_with_it_changes_nothing_by_mistake()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", StateToken.ToVersionInfo("token1"), resources: [Workload("a"), Workload("gone")]);
        await scene.ReceiveAsync();
        scene.End(null);
        await scene.AcceptAsync();
        await scene.ReceiveFirstAsync();

        // It knows nothing of tokens, so it answers as to a new client: everything, and nothing is removed.
        await scene.SendAsync(ResourceTypes.Address, "n1", "v1", resources: Workload("a", "2"));
        await scene.AcceptAsync();
        var (_, addresses) = await scene.ReceiveFirstAsync();

        Assert.Equal(["a", "gone"], addresses.InitialResourceVersions.Keys.Order());
        await scene.SendAsync(ResourceTypes.Address, "n2", "v1", removed: ["gone"], resources: Workload("a", "2"));
        await scene.ReceiveAsync();
        Assert.Null(scene.State.Current.FindWorkload("gone"));
    }

    [Fact]
    public async Task A_rejection_forfeits_the_token()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", StateToken.ToVersionInfo("t1"), resources: Workload("bad", edit: static workload => workload.NetworkMode = (NetworkMode)9));
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n2", StateToken.ToVersionInfo("t2"), resources: Workload("a"));
        await scene.ReceiveAsync();
        scene.End(null);
        await scene.AcceptAsync();

        var (_, addresses) = await scene.ReceiveFirstAsync();

        Assert.Null(StateToken.Read(addresses.Node, ResourceTypes.Address));
        Assert.Equal([("a", "1"), ("bad", "")], addresses.InitialResourceVersions.OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value)));
    }

    [Fact]
    public async Task Credentials_that_cannot_be_read_are_tried_again()
    {
        var tries = 0;
        await using var scene = await ScriptedControlPlane.StartAsync(headers: () => ++tries < 3 ? throw new IOException("no token yet") : new());

        await scene.ReceiveFirstAsync();

        Assert.Equal(["ended ConnectionError", "ended ConnectionError"], scene.Events);
    }

    [Fact]
    public async Task A_server_that_ends_streams_before_it_says_anything_is_not_asked_without_pause()
    {
        var time = new ManualTime();
        await using var scene = await ScriptedControlPlane.StartAsync(time: time);
        await scene.ReceiveFirstAsync();

        scene.End(null);
        await time.WhenPendingAsync(1);

        Assert.Equal(["ended ConnectionError"], scene.Events);
    }

    [Fact]
    public async Task After_a_stream_that_held_the_wait_for_the_next_begins_small_again()
    {
        var time = new ManualTime();
        await using var scene = await ScriptedControlPlane.StartAsync(time: time);
        for (var i = 0; i < 12; i++) // an outage
        {
            scene.End(new(StatusCode.Unavailable, "not yet"));
            await time.WhenPendingAsync(1);
            time.Advance(TimeSpan.FromSeconds(15));
            await scene.AcceptAsync();
        }
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1");
        await scene.ReceiveAsync();
        time.Advance(TimeSpan.FromHours(3));

        scene.End(new(StatusCode.Unavailable, "stopping"));
        await time.WhenPendingAsync(1);
        time.Advance(TimeSpan.FromMilliseconds(30)); // twice the shortest, and half of that

        await scene.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(20));
    }
}
