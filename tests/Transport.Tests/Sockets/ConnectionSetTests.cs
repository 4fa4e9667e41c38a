using Ambient.TestKit;

namespace Ambient.Transport.Tests.Sockets;

public class ConnectionSetTests
{
    [Fact]
    public async Task Draining_ends_when_the_last_connection_has_ended_by_itself()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        var set = new ConnectionSet(running.Loop);
        var carried = new[] { new Carried(set), new Carried(set) };
        await running.RunAsync(() => Array.ForEach(carried, set.Add));

        var draining = running.Loop.RunAsync(() => set.DrainAsync(TimeSpan.FromSeconds(5)));
        await running.RunAsync(() => set.Remove(carried[0]));
        Assert.False(draining.IsCompleted);
        await running.RunAsync(() => set.Remove(carried[1]));

        Assert.Equal(0, await draining.WaitAsync(RunningLoop.Limit));
        Assert.All(carried, connection => Assert.Equal((1, 0), (connection.Asked, connection.Aborted)));
        Assert.Equal(0, await running.RunAsync(() => running.Loop.Timers.Count));
    }

    [Fact]
    public async Task Draining_aborts_at_the_deadline_what_is_left()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        var set = new ConnectionSet(running.Loop);
        var carried = Enumerable.Range(0, 3).Select(_ => new Carried(set)).ToArray();
        await running.RunAsync(() => Array.ForEach(carried, set.Add));
        var draining = running.Loop.RunAsync(() => set.DrainAsync(TimeSpan.FromSeconds(5)));
        await running.RunAsync(() => set.Remove(carried[0]));

        time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        await running.RunAsync(() => { });
        Assert.Equal(2, set.Count);
        time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(2, await draining.WaitAsync(RunningLoop.Limit));
        Assert.Equal([0, 1, 1], carried.Select(connection => connection.Aborted));
        Assert.Equal(0, set.Count);
    }

    [Fact]
    public async Task Whoever_has_last_words_is_given_time_for_them_and_no_more()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        var set = new ConnectionSet(running.Loop);
        var carried = new[] { new Carried(set) { HasLastWords = true }, new Carried(set) { HasLastWords = true } };
        await running.RunAsync(() => Array.ForEach(carried, set.Add));
        var draining = running.Loop.RunAsync(() => set.DrainAsync(TimeSpan.FromSeconds(5)));
        await running.RunAsync(() => { });

        time.Advance(TimeSpan.FromSeconds(5));
        await running.RunAsync(() => set.Remove(carried[0]));
        Assert.Equal([(1, 0), (1, 0)], carried.Select(connection => (connection.Expired, connection.Aborted)));
        time.Advance(ConnectionSet.LastWords);

        Assert.Equal(2, await draining.WaitAsync(RunningLoop.Limit));
        Assert.Equal([0, 1], carried.Select(connection => connection.Aborted));
    }

    [Fact]
    public async Task What_is_added_while_draining_is_asked_to_drain_at_once()
    {
        using var running = new RunningLoop();
        var set = new ConnectionSet(running.Loop);
        Assert.Equal(0, await running.RunAsync(() => set.DrainAsync(TimeSpan.FromSeconds(5))));
        var late = new Carried(set);

        await running.RunAsync(() => set.Add(late));

        Assert.Equal(1, late.Asked);
    }

    private sealed class Carried(ConnectionSet set) : ICarried
    {
        internal int Asked { get; private set; }

        internal int Expired { get; private set; }

        internal int Aborted { get; private set; }

        internal bool HasLastWords { get; init; }

        public void BeginDrain() => Asked++;

        public void Expire()
        {
            Expired++;
            if (!HasLastWords) Abort();
        }

        public void Abort()
        {
            Aborted++;
            set.Remove(this);
        }
    }
}
