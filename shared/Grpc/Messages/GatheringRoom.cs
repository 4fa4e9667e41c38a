namespace Ambient.Grpc.Messages;

/// <summary>Leave to gather one message, for a while. Disposing of it gives it back; once.</summary>
public sealed class GatheringRoom(TimeSpan patience, TimeProvider time, Action free) : IDisposable
{
    private readonly CancellationTokenSource _expiry = new(patience, time);
    private Action? _free = free;

    /// <summary>Fires when the message should have come.</summary>
    public CancellationToken Expired => _expiry.Token;

    public void Dispose()
    {
        _expiry.Dispose();
        Interlocked.Exchange(ref _free, null)?.Invoke();
    }
}
