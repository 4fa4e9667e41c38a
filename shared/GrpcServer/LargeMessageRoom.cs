using Ambient.Grpc.Messages;

namespace Ambient.GrpcServer;

/// <summary>Bounds what all callers' large messages hold in memory together: so many at a time, the others wait in their senders.</summary>
/// <param name="threshold">Messages of fewer bytes do not count.</param>
/// <param name="concurrent">How many of the others are gathered and read at a time.</param>
/// <param name="patience">Longest one of them may take to come: who announces one and does not send it must not keep the others out.</param>
public sealed class LargeMessageRoom(int threshold, int concurrent, TimeSpan patience, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(concurrent);

    /// <returns>Disposed of when the message was read; null if it is small.</returns>
    public ValueTask<GatheringRoom?> EnterAsync(int bytes, CancellationToken stop) =>
        bytes < threshold ? new((GatheringRoom?)null) : WaitAsync(stop);

    public void Dispose() => _slots.Dispose();

    private async ValueTask<GatheringRoom?> WaitAsync(CancellationToken stop)
    {
        await _slots.WaitAsync(stop);
        return new(patience, time, () => _slots.Release());
    }
}
