using Ambient.TestKit;

namespace Ambient.Transport.Tests.Buffers;

public class SlabPoolTests
{
    [Fact]
    public async Task The_slab_returned_last_is_rented_first()
    {
        using var running = new RunningLoop();

        await running.RunAsync(() =>
        {
            var pool = running.Loop.Slabs;
            var first = pool.Rent(SlabSize.Small);
            var second = pool.Rent(SlabSize.Small);
            pool.Return(first);
            pool.Return(second);

            Assert.Same(second, pool.Rent(SlabSize.Small));
            Assert.Same(first, pool.Rent(SlabSize.Small));
            Assert.Equal(2, pool.Rented);
            pool.Return(first);
            pool.Return(second);
        });
    }

    [Fact]
    public async Task Returning_twice_is_refused()
    {
        using var running = new RunningLoop();

        await running.RunAsync(() =>
        {
            var slab = running.Loop.Slabs.Rent(SlabSize.Large);
            running.Loop.Slabs.Return(slab);

            Assert.Throws<InvalidOperationException>(() => running.Loop.Slabs.Return(slab));
        });
    }

    [Fact]
    public async Task Memory_that_was_not_needed_for_a_while_goes_back_to_the_kernel()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        var before = ResidentBytes();

        await running.RunAsync(() => Burst(running.Loop.Slabs, 200));
        var peak = ResidentBytes();
        await AdvanceAsync(running, time);
        var afterOne = await running.RunAsync(() => running.Loop.Slabs.Kept);
        await AdvanceAsync(running, time);

        Assert.Equal(200, afterOne);
        Assert.Equal(0, await running.RunAsync(() => running.Loop.Slabs.Kept));
        Assert.True(peak - before > 50 << 20, $"the burst used {peak - before} bytes");
        Assert.True(ResidentBytes() - before < 15 << 20, $"{ResidentBytes() - before} bytes are still held");
    }

    [Fact]
    public async Task Slabs_in_steady_use_are_kept()
    {
        var time = new ManualTime();
        using var running = new RunningLoop(time);
        await running.RunAsync(() => Burst(running.Loop.Slabs, 10));

        for (var i = 0; i < 5; i++)
        {
            await running.RunAsync(() => Burst(running.Loop.Slabs, 3));
            await AdvanceAsync(running, time);
        }

        Assert.Equal(3, await running.RunAsync(() => running.Loop.Slabs.Kept));
    }

    [Fact]
    public async Task Renting_and_returning_allocates_nothing()
    {
        using var running = new RunningLoop();

        var allocated = await running.RunAsync(() => Allocations.Of(() =>
        {
            var slab = running.Loop.Slabs.Rent(SlabSize.Small);
            running.Loop.Slabs.Return(slab);
        }));

        Assert.Equal(0, allocated);
    }

    private static void Burst(SlabPool pool, int count)
    {
        var slabs = Enumerable.Range(0, count).Select(_ => pool.Rent(SlabSize.Large)).ToArray();
        foreach (var slab in slabs)
        {
            slab.Span.Fill(1);
            pool.Return(slab);
        }
    }

    private static Task AdvanceAsync(RunningLoop running, ManualTime time)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return running.RunAsync(async ValueTask<int> () =>
        {
            await running.Loop.Yield();
            return 0;
        });
    }

    private static long ResidentBytes()
    {
        var pages = File.ReadAllText("/proc/self/statm").Split(' ')[1];
        return long.Parse(pages, System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
