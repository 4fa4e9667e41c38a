using Ambient.TestKit;

namespace Ambient.Transport.Tests.Loop;

public class EventLoopTests
{
    [Fact]
    public async Task Work_of_each_thread_runs_in_the_order_it_was_posted()
    {
        using var running = new RunningLoop();
        var seen = new List<(int Thread, int Number)>();

        var posters = Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 5000; i++)
                running.Loop.Post(static entry => entry.Item1.Add(entry.Item2), (seen, (thread, i)));
        })).ToArray();
        await Task.WhenAll(posters);
        var all = await running.RunAsync(() => seen.ToArray());

        Assert.Equal(20_000, all.Length);
        foreach (var thread in all.GroupBy(entry => entry.Thread))
            Assert.Equal(Enumerable.Range(0, 5000), thread.Select(entry => entry.Number));
    }

    [Fact]
    public async Task All_that_was_posted_before_a_stop_runs_and_nothing_after()
    {
        var running = new RunningLoop();
        var ran = 0;
        for (var i = 0; i < 1000; i++)
            running.Loop.Post(() => ran++);

        running.Dispose();
        running.Loop.Post(() => ran++);

        Assert.Equal(1000, ran);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => running.Loop.RunAsync(() => new ValueTask<int>(1)));
    }

    [Fact]
    public async Task Awaiting_an_ordinary_task_comes_back_to_the_loop()
    {
        using var running = new RunningLoop();

        var (before, elsewhere, after) = await running.RunAsync(async ValueTask<(bool, bool, bool)> () =>
        {
            var before = running.Loop.IsCurrent;
            var elsewhere = await Task.Run(() => running.Loop.IsCurrent);
            return (before, elsewhere, running.Loop.IsCurrent);
        });

        Assert.Equal((true, false, true), (before, elsewhere, after));
    }

    [Fact]
    public async Task Switching_brings_a_method_to_the_loop_and_is_free_once_there()
    {
        using var running = new RunningLoop();
        var loop = running.Loop;

        var seen = await Task.Run(async () =>
        {
            var before = loop.IsCurrent;
            await loop.SwitchTo();
            return (before, after: loop.IsCurrent, free: loop.SwitchTo().IsCompleted);
        });

        Assert.Equal((false, true, true), seen);
    }

    [Fact]
    public async Task An_escaping_exception_is_reported_and_ends_only_its_handler()
    {
        var running = new RunningLoop();
        running.Loop.Post(() => throw new InvalidDataException("first"));
        running.Loop.Post(() => running.Loop.StartTimer(TimeSpan.Zero, _ => throw new InvalidDataException("timer"), null));
        running.Loop.Post(() => running.Loop.AtTurnEnd(new Throwing()));

        Assert.Equal(5, await running.RunAsync(() => 5));
        await running.RunAsync(async () => { await running.Loop.Yield(); return 0; });

        Assert.Equal(["first", "timer", "turn end"], running.Escaped.Select(e => e.Message).Order());
        running.DisposeAfterFailures();
    }

    [Fact]
    public async Task An_exception_of_a_call_goes_to_the_caller()
    {
        using var running = new RunningLoop();

        await Assert.ThrowsAsync<InvalidDataException>(() => running.RunAsync(() => throw new InvalidDataException()));
    }

    [Fact]
    public async Task Yielding_lets_work_that_is_ready_go_first()
    {
        using var running = new RunningLoop();
        var order = new List<string>();

        await running.RunAsync(async ValueTask<int> () =>
        {
            running.Loop.Post(() => order.Add("posted before"));
            order.Add("start");
            await running.Loop.Yield();
            order.Add("yielded");
            return 0;
        });

        Assert.Equal(["start", "yielded"], order.Where(step => step != "posted before"));
        Assert.Contains("posted before", await running.RunAsync(() => order.ToArray()));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(32 * 1024, 3)]
    [InlineData(64 * 1024, 5)]
    public async Task Bulk_work_shares_turns_as_it_has_room(int bytes, int turns)
    {
        using var running = new RunningLoop();
        var (turn, ends) = (0, new List<(int Who, int Turn)>());

        await running.RunAsync(async ValueTask<int> () =>
        {
            var work = Enumerable.Range(0, 5).Select(WorkAsync).ToArray();
            while (ends.Count < 5)
            {
                await running.Loop.Yield();
                turn++;
            }

            foreach (var one in work) await one;
            return 0;
        });

        Assert.Equal([0, 1, 2, 3, 4], ends.Select(static end => end.Who));
        Assert.Equal(turns, ends.Select(static end => end.Turn).Distinct().Count());

        async Task WorkAsync(int who)
        {
            await running.Loop.YieldBulk();
            ends.Add((who, turn));
            running.Loop.NoteBulk(bytes);
        }
    }

    [Fact]
    public async Task A_turn_that_has_had_much_has_no_room_and_the_next_has()
    {
        using var running = new RunningLoop();

        var (fresh, full, next) = await running.RunAsync(async ValueTask<(bool, bool, bool)> () =>
        {
            await running.Loop.Yield();
            running.Loop.NoteBulk(64 * 1024 - 1);
            var fresh = running.Loop.HasBulkRoom;
            running.Loop.NoteBulk(1);
            var full = running.Loop.HasBulkRoom;
            await running.Loop.Yield();
            return (fresh, full, running.Loop.HasBulkRoom);
        });

        Assert.Equal((true, false, true), (fresh, full, next));
    }

    [Fact]
    public async Task Two_that_yield_take_turns()
    {
        using var running = new RunningLoop();
        var order = new List<int>();
        async ValueTask<int> Repeat(int who)
        {
            for (var i = 0; i < 3; i++)
            {
                order.Add(who);
                await running.Loop.Yield();
            }

            return who;
        }

        await running.RunAsync(async ValueTask<int> () =>
        {
            var first = Repeat(1);
            var second = Repeat(2);
            return await first + await second;
        });

        Assert.Equal([1, 2, 1, 2, 1, 2], order);
    }

    [Fact]
    public async Task Work_at_a_turns_end_runs_once_and_before_the_loop_sleeps()
    {
        using var running = new RunningLoop();
        var end = new Recording(running.Loop);

        await running.RunAsync(() => running.Loop.AtTurnEnd(end));
        await running.RunAsync(() => { });

        Assert.Equal(2, await running.RunAsync(() => end.Calls)); // the second was registered by the first
    }

    [Fact]
    public void A_loop_that_never_started_can_be_disposed()
    {
        var loop = new EventLoop("idle", TimeProvider.System);

        loop.Dispose();
        loop.Dispose();
    }

    [Fact]
    public async Task A_loop_can_be_disposed_from_within()
    {
        var before = OpenDescriptors.Count();
        var loop = new EventLoop("self", TimeProvider.System);
        loop.Start();
        var ended = new TaskCompletionSource();

        loop.Post(() =>
        {
            loop.Dispose();
            loop.Post(ended.SetResult);
        });

        await ended.Task.WaitAsync(RunningLoop.Limit);
        Assert.True(SpinWait.SpinUntil(() => OpenDescriptors.Count() == before, RunningLoop.Limit));
    }

    [Fact]
    public async Task Posting_a_static_action_with_a_state_allocates_nothing()
    {
        using var running = new RunningLoop();
        var counter = new Counter();

        var bytes = await running.RunAsync(() => TestKit.Allocations.Of(() => running.Loop.Post(static counter => counter.Value++, counter), times: 20));

        Assert.Equal(0, bytes);
        Assert.Equal(120, await running.RunAsync(() => counter.Value));
    }

    private sealed class Counter
    {
        internal int Value;
    }

    private sealed class Throwing : ITurnEnd
    {
        public void TurnEnded() => throw new InvalidDataException("turn end");
    }

    private sealed class Recording(EventLoop loop) : ITurnEnd
    {
        internal int Calls { get; private set; }

        public void TurnEnded()
        {
            if (++Calls == 1)
                loop.AtTurnEnd(this);
        }
    }
}
