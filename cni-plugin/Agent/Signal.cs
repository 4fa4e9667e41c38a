namespace Ambient.CniAgent;

/// <summary>Something to wait for that may happen any number of times meanwhile: the next wait then returns at once. Thread-safe.</summary>
internal sealed class Signal
{
    private readonly SemaphoreSlim _set = new(0, 1);

    public void Set()
    {
        lock (_set)
        {
            if (_set.CurrentCount == 0)
                _set.Release();
        }
    }

    /// <summary>Returns when it was set, the limit is over or <paramref name="stop"/> has fired; never throws for these.</summary>
    public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        try
        {
            await _set.WaitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            // Time for a look, or the end.
        }
    }
}
