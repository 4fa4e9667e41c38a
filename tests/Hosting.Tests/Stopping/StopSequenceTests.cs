using Ambient.Hosting.Stopping;
using Ambient.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Ambient.Hosting.Tests.Stopping;

public sealed class StopSequenceTests
{
    private readonly ManualTime _time = new();
    private readonly List<string> _events = [];

    [Fact]
    public async Task Stages_run_one_after_another_also_after_one_that_failed()
    {
        var first = new TaskCompletionSource();
        var stopping = Sequence()
            .Then("first", async _ =>
            {
                _events.Add("first begins");
                await first.Task;
                _events.Add("first ends");
            })
            .Then("second", _ => throw new IOException("broken"))
            .Then("third", _ =>
            {
                _events.Add("third");
                return Task.CompletedTask;
            })
            .RunAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));
        Assert.Equal(["first begins"], _events);

        first.SetResult();
        await stopping;

        Assert.Equal(["first begins", "first ends", "third"], _events);
    }

    [Fact]
    public async Task At_the_deadline_stages_are_told_to_abort()
    {
        var stopping = Sequence().Then("drain", async abort =>
        {
            var aborted = new TaskCompletionSource();
            using var registration = abort.Register(aborted.SetResult);
            await aborted.Task;
            _events.Add("aborted");
        }).RunAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.Empty(_events);
        _time.Advance(TimeSpan.FromTicks(1));
        await stopping;

        Assert.Equal(["aborted"], _events);
    }

    [Fact]
    public async Task A_stage_that_does_not_even_abort_is_left_behind()
    {
        var never = new TaskCompletionSource();
        var hung = new TaskCompletionSource();
        var stopping = Sequence()
            .Then("hung", abort =>
            {
                abort.Register(hung.SetResult);
                return never.Task;
            })
            .Then("next", _ =>
            {
                _events.Add("next");
                return Task.CompletedTask;
            })
            .RunAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(5));
        await hung.Task;
        while (_time.PendingTimers == 0) await Task.Yield(); // the sequence goes on to wait for the grace, on another thread
        _time.Advance(TimeSpan.FromSeconds(1));
        await stopping;

        Assert.Equal(["next"], _events);
    }

    [Fact]
    public async Task The_first_reason_to_stop_counts_and_a_second_interrupt_ends_at_once()
    {
        var exits = 0;
        using var signal = new StopSignal(() => exits++);

        signal.OnInterrupt();
        Assert.False(signal.Request("/quitquitquit"));
        Assert.Equal("SIGINT", await signal.Requested);
        Assert.Equal(0, exits);

        signal.OnInterrupt();
        Assert.Equal(1, exits);
    }

    private StopSequence Sequence() => new(_time, NullLogger<StopSequence>.Instance);
}
