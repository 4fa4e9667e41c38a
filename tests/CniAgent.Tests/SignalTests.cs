using Ambient.TestKit;

namespace Ambient.CniAgent.Tests;

public sealed class SignalTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new();
    private readonly Signal _signal = new();
    private readonly CancellationTokenSource _stop = new();

    [Fact]
    public async Task What_happened_before_the_wait_ends_it_once()
    {
        _signal.Set();
        _signal.Set();

        await WaitAsync();
        var second = WaitAsync();

        Assert.False(second.IsCompleted);
        _signal.Set();
        await second;
        Assert.Equal(0, _time.PendingTimers);
    }

    [Fact]
    public async Task The_limit_ends_it_and_what_happens_later_ends_the_next()
    {
        var first = WaitAsync();
        _time.Advance(Limit);
        await first;

        _signal.Set();

        await WaitAsync();
    }

    [Fact]
    public async Task What_happens_when_a_wait_is_over_already_is_not_lost()
    {
        var first = WaitAsync();
        _signal.Set();
        _signal.Set();

        await first;
        await WaitAsync();
    }

    [Fact]
    public async Task To_stop_ends_it_without_an_exception()
    {
        var waiting = WaitAsync();
        await _stop.CancelAsync();

        await waiting;
        await WaitAsync();
    }

    private Task WaitAsync() => _signal.WaitAsync(Limit, _time, _stop.Token).WaitAsync(PodLab.Patience);
}
