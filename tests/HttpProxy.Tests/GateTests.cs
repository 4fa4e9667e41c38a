using Ambient.HttpProxy.Resilience;
using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests;

/// <summary>Requests before a gate that lets one in at a time.</summary>
public sealed class GateTests
{
    [Fact]
    public async Task A_place_that_came_too_late_for_one_wait_does_not_end_the_next()
    {
        await using var scene = await ProxyScene.StartAsync();
        var loop = scene.Loop;
        await loop.RunAsync(async () =>
        {
            var gate = new RequestGate(new() { MaxConnections = 1 });
            var (first, second) = (new GateTicket(loop), new GateTicket(loop));
            Assert.True(gate.TryEnter(first, oneEach: true));
            Assert.True(gate.TryEnter(second, oneEach: true));
            var wait = second.WaitAsync();
            gate.Leave(first); // the place is the second's, which is about to hear of it
            second.GiveUp();
            await wait;
            gate.Leave(second);
            Assert.True(gate.TryEnter(first, oneEach: true));
            Assert.True(gate.TryEnter(second, oneEach: true));

            var again = second.WaitAsync().AsTask();
            for (var turn = 0; turn < 3; turn++) await loop.Yield();
            Assert.False(again.IsCompleted);
            gate.Leave(first);
            await again;
            Assert.Equal((GateState.Inside, 1, 0), (second.State, gate.Active, gate.Waiting));
            gate.Leave(second);
            Assert.Equal(0, gate.Active);
        });
    }
}
