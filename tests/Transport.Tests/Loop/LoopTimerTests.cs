using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Transport.Tests.Loop;

public class LoopTimerTests
{
    [Fact]
    public async Task A_timer_fires_when_its_time_has_come_and_not_before()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        var fired = 0;
        await running.RunAsync(() => running.Loop.StartTimer(TimeSpan.FromMilliseconds(100), _ => fired++, null));

        time.Advance(TimeSpan.FromMilliseconds(100) - TimeSpan.FromTicks(1));
        Assert.Equal(0, await running.RunAsync(() => fired));
        time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(1, await FiredAsync(running, () => fired));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await FiredAsync(running, () => fired));
    }

    [Fact]
    public async Task The_systems_clock_fires_timers_without_anybodys_help()
    {
        using var running = new RunningLoop();
        var started = TimeProvider.System.GetTimestamp();

        await running.RunAsync(async ValueTask<int> () =>
        {
            await running.Loop.DelayAsync(TimeSpan.FromMilliseconds(20));
            return 0;
        });

        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public async Task A_cancelled_timer_does_not_fire_even_when_it_is_due_already()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        var fired = new List<string>();

        await running.RunAsync(() =>
        {
            LoopTimer? second = null;
            running.Loop.StartTimer(TimeSpan.FromSeconds(1), _ => { fired.Add("first"); second!.Cancel(); }, null);
            second = running.Loop.StartTimer(TimeSpan.FromSeconds(1.5), _ => fired.Add("second"), null);
        });
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(["first"], await FiredAsync(running, fired.ToArray));
    }

    [Fact]
    public async Task A_timer_can_start_itself_again_and_costs_no_memory_doing_so()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        LoopTimer? timer = null;

        var allocated = await running.RunAsync(() =>
        {
            timer = new LoopTimer(running.Loop, static _ => { }, null);
            return Allocations.Of(() =>
            {
                timer.Start(TimeSpan.FromSeconds(1));
                timer.Start(TimeSpan.FromSeconds(2));
                timer.Cancel();
            });
        });

        Assert.Equal(0, allocated);
        Assert.False(timer!.IsRunning);
    }

    [Fact]
    public void Timers_fire_in_order_whatever_was_started_restarted_and_cancelled() =>
        Prop.ForAll(Gen.Choose(0, 2).Zip(Gen.Choose(0, 19)).Zip(Gen.Choose(0, 1000)).ListOf(60).ToArbitrary(), steps =>
        {
            var time = new ManualTime();
            using var loop = new EventLoop("model", time); // not started: the heap is driven from here
            var heap = loop.Timers;
            var fired = new List<int>();
            var timers = Enumerable.Range(0, 20).Select(i => new LoopTimer(loop, _ => fired.Add(i), null)).ToArray();
            var expected = new Dictionary<int, int>();
            foreach (var ((action, timer), due) in steps)
            {
                if (action == 0)
                    timers[timer].Cancel();
                else
                    timers[timer].Start(TimeSpan.FromSeconds(due));
                expected.Remove(timer);
                if (action != 0)
                    expected.Add(timer, due);
            }

            time.Advance(TimeSpan.FromSeconds(500));
            while (heap.TakeDue(heap.Now) is { } timer)
                timer.Fire();

            var due500 = expected.Where(entry => entry.Value <= 500).ToList();
            return fired.Order().SequenceEqual(due500.Select(entry => entry.Key).Order())
                && fired.Select(timer => expected[timer]).SequenceEqual(due500.Select(entry => entry.Value).Order())
                && heap.Count == expected.Count - due500.Count;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task A_delay_ends_with_its_time_or_its_token()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        using var stop = new CancellationTokenSource();
        var elapsed = running.Loop.RunAsync(() => running.Loop.DelayAsync(TimeSpan.FromSeconds(5)));
        var stopped = running.Loop.RunAsync(() => running.Loop.DelayAsync(TimeSpan.FromSeconds(50), stop.Token));
        await running.RunAsync(() => { });

        time.Advance(TimeSpan.FromSeconds(5));
        await elapsed.WaitAsync(RunningLoop.Limit);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.WaitAsync(RunningLoop.Limit));
        Assert.Equal(0, await running.RunAsync(() => running.Loop.Timers.Count));
    }

    [Fact]
    public async Task A_clock_that_is_moved_while_the_loop_goes_to_sleep_wakes_it_all_the_same()
    {
        var time = new HastyClock(TimeSpan.FromSeconds(5));
        using var running = new RunningLoop(time);

        await running.Loop.RunAsync(() => running.Loop.DelayAsync(TimeSpan.FromSeconds(5))).WaitAsync(RunningLoop.Limit);

        Assert.Equal(0, await running.RunAsync(() => running.Loop.Timers.Count));
    }

    // The clock wakes the loop, which fires before it comes to work posted after that.
    private static Task<T> FiredAsync<T>(RunningLoop running, Func<T> read) => running.RunAsync(async ValueTask<T> () =>
    {
        await running.Loop.Yield();
        return read();
    });

    /// <summary>Moves on once, just before a timer of it is started.</summary>
    private sealed class HastyClock(TimeSpan by) : TimeProvider
    {
        private readonly ManualTime _time = new();

        public override long TimestampFrequency => _time.TimestampFrequency;

        public override long GetTimestamp() => _time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new HastyTimer(_time, by, _time.CreateTimer(callback, state, dueTime, period));
    }

    private sealed class HastyTimer(ManualTime time, TimeSpan by, ITimer timer) : ITimer
    {
        private TimeSpan _by = by;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time.Advance(_by);
            _by = TimeSpan.Zero;
            return timer.Change(dueTime, period);
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
