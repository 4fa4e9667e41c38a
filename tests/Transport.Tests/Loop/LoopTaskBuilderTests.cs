using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Ambient.TestKit;

namespace Ambient.Transport.Tests.Loop;

public sealed class LoopTaskBuilderTests
{
    [Fact]
    public async Task Results_and_failures_come_out_whether_or_not_the_method_waited()
    {
        using var loop = new EventLoop("test", TimeProvider.System);
        loop.Start();
        await loop.RunAsync(async () =>
        {
            var signal = new LoopSignal(loop);
            Assert.Equal(7, await GiveAsync(null, 7));
            await Assert.ThrowsAsync<FormatException>(async () => await GiveAsync(null, -1));
            await Assert.ThrowsAsync<FormatException>(async () => await FailAsync(null));
            loop.Post(signal.Set);
            Assert.Equal(7, await GiveAsync(signal, 7));
            loop.Post(signal.Set);
            await Assert.ThrowsAsync<FormatException>(async () => await GiveAsync(signal, -1));
            loop.Post(signal.Set);
            await Assert.ThrowsAsync<FormatException>(async () => await FailAsync(signal));
        });
    }

    [Fact]
    [SuppressMessage("Reliability", "CA2012", Justification = "Each is awaited once, after all were begun.")]
    public async Task However_many_wait_at_once_their_state_is_used_again()
    {
        using var loop = new EventLoop("test", TimeProvider.System);
        loop.Start();
        await loop.RunAsync(() =>
        {
            var signals = Enumerable.Range(0, 100).Select(_ => new LoopSignal(loop)).ToArray();
            var waits = new ValueTaskAwaiter<int>[signals.Length];
            Assert.Equal(0, Allocations.Of(() =>
            {
                for (var i = 0; i < signals.Length; i++) waits[i] = OuterAsync(signals[i], i).GetAwaiter();
                for (var i = 0; i < signals.Length; i++) signals[i].Set();
                for (var i = 0; i < signals.Length; i++)
                    if (waits[i].GetResult() != i) throw new InvalidOperationException("That is somebody else's result.");
            }, times: 20, warmUp: 20));
            return ValueTask.CompletedTask;
        });
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private static async ValueTask<int> OuterAsync(LoopSignal signal, int value) => await GiveAsync(signal, value).ConfigureAwait(false);

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private static async ValueTask<int> GiveAsync(LoopSignal? signal, int value)
    {
        if (signal is not null) await signal.WaitAsync();
        return value >= 0 ? value : throw new FormatException();
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    private static async ValueTask FailAsync(LoopSignal? signal)
    {
        if (signal is not null) await signal.WaitAsync();
        throw new FormatException();
    }
}
