using Ambient.Xds.Client;
using Ambient.Xds.Tests.Scenes;
using Google.Protobuf;
using static Ambient.Xds.Tests.Scenes.ScriptedControlPlane;

namespace Ambient.Xds.Tests.Client;

/// <summary>Which names stay subscribed to on demand, and for how long. The scene's client remembers two that have nothing behind them.</summary>
public sealed class OnDemandNamesTests
{
    [Fact]
    public async Task A_name_that_has_come_to_be_is_not_given_up()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();
        Assert.Empty(await AskForMissingAsync(scene, 1));
        await scene.SendAsync(ResourceTypes.Address, "came", resources: WorkloadAt(1));
        await scene.ReceiveAsync();

        Assert.Empty(await AskForMissingAsync(scene, 2));
        Assert.Empty(await AskForMissingAsync(scene, 3));
        Assert.Equal(["/10.0.0.2"], await AskForMissingAsync(scene, 4));
    }

    [Fact]
    public async Task Names_of_what_has_gone_are_given_up_in_time()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();
        for (var i = 1; i <= 40; i++)
        {
            var waiting = scene.Client.DemandAsync($"/10.0.0.{i}", TimeSpan.FromSeconds(20), default);
            while ((await scene.ReceiveAsync()).ResourceNamesSubscribe is not [var asked] || asked != $"/10.0.0.{i}") { }
            await scene.SendAsync(ResourceTypes.Address, $"came{i}", resources: WorkloadAt(i));
            Assert.True(await waiting);
            await scene.SendAsync(ResourceTypes.Address, $"gone{i}", removed: [$"w{i}"]);
            while ((await scene.ReceiveAsync()).ResponseNonce != $"gone{i}") { }
        }

        scene.End(null);
        await scene.AcceptAsync();
        var (_, addresses) = await scene.ReceiveFirstAsync();

        Assert.InRange(addresses.InitialResourceVersions.Count, 1, 10);
    }

    [Fact]
    public void What_is_asked_for_while_a_stream_begins_does_not_overtake_its_first_request()
    {
        var demands = new Demands(maxMissing: 2, static _ => false);
        _ = demands.Ask("early");
        var sent = new List<string>();
        var asking = new Thread(() => demands.Ask("late"));

        demands.Attach(
            names =>
            {
                asking.Start();
                SpinWait.SpinUntil(() => !asking.IsAlive || asking.ThreadState.HasFlag(ThreadState.WaitSleepJoin)); // has asked, or is held up
                sent.AddRange(names);
            },
            (wanted, _) => sent.Add(wanted));
        asking.Join();

        Assert.Equal(["early", "late"], sent);
    }

    /// <returns>What the client gives up on the answer.</returns>
    private static async Task<List<string>> AskForMissingAsync(ScriptedControlPlane scene, int number)
    {
        var waiting = scene.Client.DemandAsync($"/10.0.0.{number}", TimeSpan.FromSeconds(20), default);
        Assert.Equal([$"/10.0.0.{number}"], (await scene.ReceiveAsync()).ResourceNamesSubscribe);
        await scene.SendAsync(ResourceTypes.Address, $"n{number}", removed: [$"/10.0.0.{number}"]);
        Assert.True(await waiting);
        var givenUp = new List<string>();
        while (await scene.ReceiveAsync() is var request && request.ResponseNonce != $"n{number}") givenUp.AddRange(request.ResourceNamesUnsubscribe);
        return givenUp;
    }

    private static Protos.Xds.Resource WorkloadAt(int number) =>
        Workload($"w{number}", edit: workload => workload.Addresses.Add(ByteString.CopyFrom(10, 0, 0, (byte)number)), aliases: $"/10.0.0.{number}");
}
