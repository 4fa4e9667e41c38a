using System.Diagnostics;

namespace Ambient.Lab.Processes;

/// <summary>Waits for a condition in another process, which cannot call us back.</summary>
public static class Until
{
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(15);

    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? limit = null) =>
        TrueAsync(() => Task.FromResult(condition()), () => what, limit);

    public static Task TrueAsync(Func<bool> condition, Func<string> what, TimeSpan? limit = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, limit);

    public static Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null) =>
        TrueAsync(condition, () => what, limit);

    /// <param name="what">Describes what was awaited; only called for the error.</param>
    /// <exception cref="LabException">The condition did not become true within <paramref name="limit"/>.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? limit = null)
    {
        var patience = limit ?? DefaultLimit;
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > patience) throw new LabException($"Not within {patience.TotalSeconds:0.#} s: {what()}");
            await Task.Delay(Interval, TimeProvider.System);
        }
    }
}
