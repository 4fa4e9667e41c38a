namespace Ambient.GrpcServer;

/// <summary>Bounds what all callers' large messages hold in memory together: so many at a time, the others wait in their senders.</summary>
/// <param name="threshold">Messages of fewer bytes do not count.</param>
/// <param name="concurrent">How many of the others are gathered and read at a time.</param>
public sealed class LargeMessageRoom(int threshold, int concurrent) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(concurrent);

    /// <returns>Disposed of when the message was read; null if it is small.</returns>
    public ValueTask<IDisposable?> EnterAsync(int bytes, CancellationToken stop) =>
        bytes < threshold ? new((IDisposable?)null) : WaitAsync(stop);

    public void Dispose() => _slots.Dispose();

    private async ValueTask<IDisposable?> WaitAsync(CancellationToken stop)
    {
        await _slots.WaitAsync(stop);
        return new Slot(() => _slots.Release());
    }

    private sealed class Slot(Action free) : IDisposable
    {
        private Action? _free = free;

        public void Dispose() => Interlocked.Exchange(ref _free, null)?.Invoke();
    }
}
