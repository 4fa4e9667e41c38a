namespace Ambient.Transport;

/// <summary>Keeps turns short where much comes at once: few connections that send without end must not make the others wait for each of theirs.</summary>
public sealed partial class EventLoop
{
    private const int BulkPerTurn = 32 * 1024, Little = 4 * 1024; // bytes

    private readonly WorkQueue _bulk = new();
    private int _bulkBytes;

    /// <summary>Bytes of input that a connection may deal with now: a batch while this turn has had less than one of all of them, after that as much as small messages have. On the loop only.</summary>
    /// <remarks>What is dealt with is to be noted (<see cref="NoteBulk"/>). Who may have more waits by <see cref="YieldBulk"/>.</remarks>
    public int BulkShare => _bulkBytes < BulkPerTurn ? BulkPerTurn : Little;

    public void NoteBulk(int bytes) => _bulkBytes += bytes;

    /// <summary><c>await</c> it on this loop to go on when a turn has room for a batch: one at least in each, in the order of waiting.</summary>
    public LoopAwaitable YieldBulk() => new(this, LoopAwaitable.Kind.Bulk);

    internal void DeferBulk(in WorkItem item) => _bulk.Enqueue(item);

    private void RunBulk()
    {
        for (var left = _bulk.Count; left > 0; left--)
        {
            Invoke(_bulk.Dequeue());
            if (_bulkBytes >= BulkPerTurn) return;
        }
    }
}
