using Ambient.Linux;

namespace Ambient.CniAgent;

/// <summary>Gives memory back whenever the agent has worked and come to rest: it collects when it allocates, and at rest it does not.</summary>
/// <remarks>With many pods it never rests, since each is looked at now and then: there four times a minute has to do.</remarks>
internal static class IdleMemory
{
    private const long Worked = 1024 * 1024, AtRest = 512 * 1024; // bytes allocated
    private const int LongestWork = 3; // intervals
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Looks after it until <paramref name="stop"/> fires.</summary>
    public static async Task WatchAsync(TimeProvider time, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        long trimmedAt = 0, last = 0;
        var intervals = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                var allocated = GC.GetTotalAllocatedBytes();
                if (allocated - trimmedAt > Worked && (allocated - last < AtRest || ++intervals >= LongestWork))
                {
                    ProcessMemory.Trim();
                    (trimmedAt, intervals) = (GC.GetTotalAllocatedBytes(), 0);
                }
                last = allocated;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
