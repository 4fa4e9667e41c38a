namespace Ambient.TestKit;

/// <summary>What a piece of code allocates on the managed heap, for promises of "nothing per chunk".</summary>
public static class Allocations
{
    /// <summary>Bytes that this thread allocates while <paramref name="work"/> runs <paramref name="times"/> times, after a warm-up.</summary>
    /// <remarks>The warm-up lets one-time costs pass (static constructors, first growth of pools, the JIT).</remarks>
    public static long Of(Action work, int times = 100, int warmUp = 100)
    {
        for (var i = 0; i < warmUp; i++) work();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < times; i++) work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
