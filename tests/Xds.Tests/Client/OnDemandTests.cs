using Ambient.Grpc;
using Ambient.TestKit;
using Ambient.Xds.Tests.Scenes;
using Google.Protobuf;
using static Ambient.Xds.Tests.Scenes.ScriptedControlPlane;

namespace Ambient.Xds.Tests.Client;

/// <summary>Addresses that are asked for one by one.</summary>
public sealed class OnDemandTests
{
    [Fact]
    public async Task On_demand_addresses_are_not_waited_for()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();

        await scene.SendAsync(ResourceTypes.Authorization, "n1");

        await scene.Client.Ready;
    }

    [Fact]
    public async Task On_demand_nothing_is_asked_for_until_it_is_needed_and_all_who_need_it_are_told()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        var (policies, addresses) = await scene.ReceiveFirstAsync();
        Assert.Equal(["*"], addresses.ResourceNamesSubscribe);
        Assert.Equal(["*"], addresses.ResourceNamesUnsubscribe);
        Assert.Empty(policies.ResourceNamesUnsubscribe);

        var waiting = Enumerable.Range(0, 5).Select(_ => scene.Client.DemandAsync("/10.0.0.1", TimeSpan.FromSeconds(20), default).AsTask()).ToArray();
        var demand = await scene.ReceiveAsync();
        Assert.Equal(["/10.0.0.1"], demand.ResourceNamesSubscribe);
        Assert.Equal("", demand.ResponseNonce);
        Assert.DoesNotContain(waiting, static one => one.IsCompleted);
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a", aliases: "/10.0.0.1"));

        Assert.All(await Task.WhenAll(waiting), Assert.True);
        Assert.NotNull(scene.State.Current.FindWorkload("a"));
        Assert.True(await scene.Client.DemandAsync("/10.0.0.1", TimeSpan.Zero, default));
    }

    [Fact]
    public async Task On_demand_an_answer_is_known_by_its_address_where_it_has_no_alias()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();

        var waiting = scene.Client.DemandAsync("/10.0.0.1", TimeSpan.FromSeconds(20), default);
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a", edit: static workload => workload.Addresses.Add(ByteString.CopyFrom(10, 0, 0, 1))));

        Assert.True(await waiting);
    }

    [Fact]
    public async Task On_demand_what_does_not_exist_is_an_answer_and_the_oldest_of_many_is_given_up()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true); // remembers two
        await scene.ReceiveFirstAsync();
        for (var i = 1; i <= 3; i++)
        {
            var waiting = scene.Client.DemandAsync($"/10.0.0.{i}", TimeSpan.FromSeconds(20), default);
            Assert.Equal([$"/10.0.0.{i}"], (await scene.ReceiveAsync()).ResourceNamesSubscribe);
            await scene.SendAsync(ResourceTypes.Address, $"n{i}", removed: [$"/10.0.0.{i}"]);
            Assert.True(await waiting);
            if (i < 3) await scene.ReceiveAsync(); // the acknowledgement
        }

        Assert.Equal(["/10.0.0.1"], (await scene.ReceiveAsync()).ResourceNamesUnsubscribe);
    }

    [Fact]
    public async Task On_demand_names_are_asked_for_again_after_a_reconnect()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();
        var held = scene.Client.DemandAsync("a", TimeSpan.FromSeconds(20), default);
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a", "7"));
        Assert.True(await held);
        await scene.ReceiveAsync();
        var waiting = scene.Client.DemandAsync("b", TimeSpan.FromSeconds(20), default);
        await scene.ReceiveAsync();

        scene.End(new(StatusCode.Unknown, "gone"));
        await scene.AcceptAsync();
        var (_, addresses) = await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", removed: ["b"]);

        Assert.Equal(new Dictionary<string, string> { ["a"] = "7", ["b"] = "" }, addresses.InitialResourceVersions);
        Assert.True(await waiting);
    }

    [Fact(Timeout = 120_000)]
    public async Task On_demand_each_of_thousands_who_ask_at_once_is_told_of_his_own()
    {
        const int count = 10_000, batch = 997;
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();
        var names = Enumerable.Range(0, count).Select(static i => i % 2 == 0 ? $"uid-{i}" : $"/{AddressOf(i)}").ToArray();

        var waiting = names.Select(async (name, i) =>
            (await scene.Client.DemandAsync(name, Timeout.InfiniteTimeSpan, default), scene.State.Current.FindWorkload($"uid-{i}") is not null)).ToArray();
        var asked = new List<string>();
        while (asked.Count < count) asked.AddRange((await scene.ReceiveAsync()).ResourceNamesSubscribe);
        var answers = asked.Select(name => (name, number: Array.IndexOf(names, name))).ToList();
        for (var from = 0; from < count; from += batch)
        {
            await scene.SendAsync(ResourceTypes.Address, $"n{from}", resources: [.. answers.Skip(from).Take(batch).Select(static answer =>
                Workload($"uid-{answer.number}", edit: workload => workload.Addresses.Add(ByteString.CopyFrom(AddressOf(answer.number).GetAddressBytes()))))]);
        }

        Assert.All(await Task.WhenAll(waiting), static told => Assert.Equal((true, true), told));
        Assert.Equal(names.Order(), asked.Order());
        Assert.Equal(count, scene.State.Current.WorkloadCount);
    }

    private static System.Net.IPAddress AddressOf(int number) => new([10, 0, (byte)(number >> 8), (byte)number]);

    [Fact]
    public async Task On_demand_what_nobody_waits_for_any_more_is_known_all_the_same_until_it_is_removed()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();
        using var patience = new CancellationTokenSource();
        var waiting = scene.Client.DemandAsync("a", TimeSpan.FromSeconds(20), patience.Token).AsTask();
        await scene.ReceiveAsync();

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a"));
        await scene.ReceiveAsync();
        Assert.True(await scene.Client.DemandAsync("a", TimeSpan.Zero, default));
        Assert.NotNull(scene.State.Current.FindWorkload("a"));

        await scene.SendAsync(ResourceTypes.Address, "n2", removed: ["a"]);
        await scene.ReceiveAsync();
        Assert.Null(scene.State.Current.FindWorkload("a"));
    }

    [Fact]
    public async Task On_demand_nobody_waits_longer_than_he_wants()
    {
        var time = new ManualTime();
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true, time: time);
        await scene.ReceiveFirstAsync();

        var waiting = scene.Client.DemandAsync("/10.0.0.1", TimeSpan.FromSeconds(5), default).AsTask();
        await scene.ReceiveAsync();
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.False(await waiting);
    }
}
