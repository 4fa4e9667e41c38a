using Ambient.ControlPlane.Authority;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.ControlPlane.Tests.Authority;

public sealed class SigningLanesTests
{
    private static async Task<List<string>> DrainAsync(SigningLanes lanes, SigningLanes.Slot held, List<(string Name, Task<SigningLanes.Slot> Turn)> waiting)
    {
        var order = new List<string>();
        while (waiting.Count > 0)
        {
            held.Dispose();
            await Task.WhenAny(waiting.Select(one => one.Turn)).WaitAsync(TimeSpan.FromSeconds(20));
            var next = waiting.Single(one => one.Turn.IsCompletedSuccessfully);
            order.Add(next.Name);
            waiting.Remove(next);
            held = await next.Turn;
        }
        held.Dispose();
        return order;
    }

    private static List<(string, Task<SigningLanes.Slot>)> Enter(SigningLanes lanes, params (string Caller, SigningLane Lane, int Count)[] requests) =>
        [.. requests.SelectMany(one => Enumerable.Range(0, one.Count).Select(_ => (one.Caller, lanes.EnterAsync(one.Caller, one.Lane, default).AsTask())))];

    [Fact]
    public async Task Who_waits_for_a_connection_goes_first()
    {
        var lanes = new SigningLanes(1, 1000, 1000);
        var held = await lanes.EnterAsync("x", SigningLane.Normal, default);
        var waiting = Enter(lanes, ("renewal", SigningLane.Background, 3), ("warmup", SigningLane.Normal, 3), ("urgent", SigningLane.OnDemand, 3));

        var order = await DrainAsync(lanes, held, waiting);

        Assert.Equal([.. Enumerable.Repeat("urgent", 3), .. Enumerable.Repeat("warmup", 3), .. Enumerable.Repeat("renewal", 3)], order);
    }

    [Fact]
    public async Task What_has_arrived_goes_before_signatures_for_which_no_connection_waits()
    {
        var asked = 0;
        var lanes = new SigningLanes(1, 10, 10, () => Interlocked.Increment(ref asked) < 20 ? 2 : 1);

        var slot = await lanes.EnterAsync("urgent", SigningLane.OnDemand, default);
        Assert.Equal(0, asked);
        slot.Dispose();
        (await lanes.EnterAsync("renewal", SigningLane.Background, default).AsTask().WaitAsync(TimeSpan.FromSeconds(20))).Dispose();

        Assert.InRange(asked, 20, 22);
    }

    [Fact]
    public async Task A_process_that_never_rests_signs_all_the_same()
    {
        var asked = 0;
        var lanes = new SigningLanes(1, 10, 10, () => 1000 + Interlocked.Increment(ref asked));

        using var slot = await lanes.EnterAsync("a", SigningLane.Normal, default).AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.InRange(asked, SigningLanes.MostPasses, SigningLanes.MostPasses + 3);
    }

    [Fact]
    public async Task An_urgent_one_that_arrives_meanwhile_goes_first()
    {
        var (asked, lanes) = (0, (SigningLanes?)null);
        Task<SigningLanes.Slot>? urgent = null;
        lanes = new(1, 10, 10, () =>
        {
            if (++asked == 5) urgent = lanes!.EnterAsync("urgent", SigningLane.OnDemand, default).AsTask();
            return 100;
        });

        var normal = lanes.EnterAsync("normal", SigningLane.Normal, default).AsTask();

        while (Volatile.Read(ref urgent) is null) await Task.Yield();
        using (await urgent!.WaitAsync(TimeSpan.FromSeconds(20)))
            Assert.False(normal.IsCompleted);
        (await normal.WaitAsync(TimeSpan.FromSeconds(20))).Dispose();
    }

    [Fact]
    public async Task Callers_take_turns_within_a_lane()
    {
        var lanes = new SigningLanes(1, 1000, 1000);
        var held = await lanes.EnterAsync("x", SigningLane.Normal, default);
        var waiting = Enter(lanes, ("storm", SigningLane.Normal, 500), ("b", SigningLane.Normal, 1), ("c", SigningLane.Normal, 2));

        var order = await DrainAsync(lanes, held, waiting);

        Assert.Equal(["storm", "b", "c", "storm", "c", "storm"], order.Take(6));
    }

    [Fact]
    public async Task Who_wants_one_certificate_goes_before_all_who_want_many()
    {
        var lanes = new SigningLanes(1, 1000, 1000);
        var held = await lanes.EnterAsync("x", SigningLane.Normal, default);
        var waiting = Enter(lanes, [.. Enumerable.Range(0, 50).Select(static i => ($"node-{i}", SigningLane.Normal, 8))]);
        await AdvanceAsync(60);

        waiting.AddRange(Enter(lanes, ("single", SigningLane.Normal, 1)));
        Assert.Equal("single", (await AdvanceAsync(1)).Single());

        // Not for ever: one request after the other is as much as many at once.
        waiting.AddRange(Enter(lanes, ("single", SigningLane.Normal, 1)));
        Assert.DoesNotContain("single", await AdvanceAsync(40));
        Assert.Contains("single", await DrainAsync(lanes, held, waiting));

        async Task<List<string>> AdvanceAsync(int turns)
        {
            var order = new List<string>();
            for (; turns > 0; turns--)
            {
                held.Dispose();
                await Task.WhenAny(waiting.Select(static one => one.Item2)).WaitAsync(TimeSpan.FromSeconds(20));
                var next = waiting.Single(static one => one.Item2.IsCompletedSuccessfully);
                waiting.Remove(next);
                order.Add(next.Item1);
                held = await next.Item2;
            }
            return order;
        }
    }

    [Fact]
    public async Task Nobody_starves()
    {
        var lanes = new SigningLanes(1, 1000, 1000);
        var held = await lanes.EnterAsync("x", SigningLane.Normal, default);
        var waiting = Enter(lanes, ("urgent", SigningLane.OnDemand, 600), ("renewal", SigningLane.Background, 1), ("warmup", SigningLane.Normal, 20));

        var order = await DrainAsync(lanes, held, waiting);

        Assert.InRange(order.IndexOf("warmup"), 1, SigningLanes.Share);
        Assert.InRange(order.IndexOf("renewal"), 1, (SigningLanes.Share + 1) * (SigningLanes.Share + 1));
    }

    [Fact]
    public async Task The_queue_and_each_callers_part_of_it_are_bounded_and_say_so()
    {
        var lanes = new SigningLanes(1, maxWaiting: 5, maxWaitingPerCaller: 3);
        using var held = await lanes.EnterAsync("x", SigningLane.Normal, default);
        Enter(lanes, ("a", SigningLane.Normal, 3));

        Assert.Contains("of this caller", Assert.Throws<TooManyWaitingException>(() => { _ = lanes.EnterAsync("a", SigningLane.OnDemand, default).AsTask(); }).Message);
        Enter(lanes, ("b", SigningLane.Normal, 2));
        Assert.Contains("try again later", Assert.Throws<TooManyWaitingException>(() => { _ = lanes.EnterAsync("c", SigningLane.Normal, default).AsTask(); }).Message);
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_queue_and_holds_nothing()
    {
        var lanes = new SigningLanes(1, 10, 10);
        using var stop = new CancellationTokenSource();
        var held = await lanes.EnterAsync("x", SigningLane.Normal, default);
        var waiting = lanes.EnterAsync("a", SigningLane.OnDemand, stop.Token).AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, lanes.Waiting);
        held.Dispose();
        (await lanes.EnterAsync("b", SigningLane.Normal, default).AsTask().WaitAsync(TimeSpan.FromSeconds(20))).Dispose();
    }

    [Fact]
    public void Whatever_comes_goes_and_gives_up_no_slot_is_lost_and_never_too_many_sign() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            RunAsync(new Random(seed)).GetAwaiter().GetResult();
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    private static async Task RunAsync(Random random)
    {
        var (slots, running) = (random.Next(1, 4), 0);
        var lanes = new SigningLanes(slots, 10_000, 10_000);
        var requests = Enumerable.Range(0, 200).Select(i => (Caller: $"c{random.Next(5)}", Lane: (SigningLane)random.Next(3), GivesUp: random.Next(4) == 0)).ToList();
        await Task.WhenAll(requests.Select(request => Task.Run(async () =>
        {
            using var stop = new CancellationTokenSource();
            try
            {
                var turn = lanes.EnterAsync(request.Caller, request.Lane, stop.Token);
                if (request.GivesUp) await stop.CancelAsync();
                using (await turn)
                {
                    Assert.InRange(Interlocked.Increment(ref running), 1, slots);
                    await Task.Yield();
                    Interlocked.Decrement(ref running);
                }
            }
            catch (OperationCanceledException)
            {
            }
        }))).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, lanes.Waiting);
        var all = await Task.WhenAll(Enumerable.Range(0, slots).Select(_ => lanes.EnterAsync("last", SigningLane.Normal, default).AsTask()));
        foreach (var slot in all) slot.Dispose();
    }
}
