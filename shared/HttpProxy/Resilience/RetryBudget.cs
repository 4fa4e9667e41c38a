namespace Ambient.HttpProxy.Resilience;

/// <summary>Keeps retries a fraction of the requests under way, so that a service in trouble is not asked many times over. Thread-safe.</summary>
/// <param name="fraction">Of the requests under way that may be retries. Default a fifth.</param>
/// <param name="least">Retries at once that are always allowed. Default 3.</param>
public sealed class RetryBudget(double fraction = 0.2, int least = 3)
{
    private int _active, _retries;

    /// <summary>Requests under way.</summary>
    public int Active => Volatile.Read(ref _active);

    public void Begin() => Interlocked.Increment(ref _active);

    public void End() => Interlocked.Decrement(ref _active);

    /// <returns>False if there are too many; else <see cref="EndRetry"/> when it is over.</returns>
    public bool TryBeginRetry()
    {
        if (Interlocked.Increment(ref _retries) <= Math.Max(least, Active * fraction)) return true;
        EndRetry();
        return false;
    }

    public void EndRetry() => Interlocked.Decrement(ref _retries);
}
