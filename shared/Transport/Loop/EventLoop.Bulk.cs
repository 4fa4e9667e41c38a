namespace Ambient.Transport;

/// <summary>Keeps turns short where much work comes at once: few connections that send without end must not make the others wait for a batch of each.</summary>
public sealed partial class EventLoop
{
    private const int BulkPerTurn = 64 * 1024; // bytes

    private readonly WorkQueue _bulk = new();
    private int _bulkBytes;

    /// <summary>This turn has had less work than it may have. Where it has had more, who may have much waits by <see cref="YieldBulk"/>. On the loop only.</summary>
    public bool HasBulkRoom => _bulkBytes < BulkPerTurn;

    /// <summary>So many bytes of heads were dealt with in this turn. Bodies do not count: their bytes cost little, and shorter turns made uploads cost a quarter more.</summary>
    public void NoteBulk(int bytes) => _bulkBytes += bytes;

    /// <summary><c>await</c> it on this loop to go on in a turn that has room, in the order of waiting; each turn has for one at least.</summary>
    public LoopAwaitable YieldBulk() => new(this, LoopAwaitable.Kind.Bulk);

    internal void DeferBulk(in WorkItem item) => _bulk.Enqueue(item);

    private void RunBulk()
    {
        for (var left = _bulk.Count; left > 0; left--)
        {
            Invoke(_bulk.Dequeue());
            if (!HasBulkRoom) return;
        }
    }
}
