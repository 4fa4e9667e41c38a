namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>Lets tests wait for a condition that somebody's action makes true.</summary>
internal sealed class Signal
{
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set() => Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <param name="condition">Looked at under <paramref name="gate"/>.</param>
    /// <exception cref="TimeoutException">It names what did not come.</exception>
    public async Task UntilAsync(object gate, Func<bool> condition, string what)
    {
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            lock (gate)
                if (condition()) return;
            try { await changed.WaitAsync(Wire.Limit); }
            catch (TimeoutException) { throw new TimeoutException($"{what} did not come in {Wire.Limit.TotalSeconds:0} s."); }
        }
    }
}
