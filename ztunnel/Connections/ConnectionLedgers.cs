using Ambient.Transport;

namespace Ambient.Ztunnel.Connections;

/// <summary>The ledgers of all workers, for those who ask about the whole process. Thread-safe.</summary>
internal sealed class ConnectionLedgers(AccessLog log, int maxSeries)
{
    /// <summary>A worker that does not answer for so long is left out, rather than keeping the page from being served.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _adding = new();
    private volatile ConnectionLedger[] _ledgers = [];
    private volatile TrafficShard[] _shards = [];

    public IReadOnlyList<TrafficShard> Shards => _shards;

    public IReadOnlyList<ConnectionLedger> All => _ledgers;

    /// <summary>Connections now.</summary>
    public long Count => _ledgers.Sum(ledger => (long)ledger.Count);

    /// <summary>One for each worker, at start.</summary>
    public ConnectionLedger Add(EventLoop worker)
    {
        var shard = new TrafficShard(maxSeries);
        var ledger = new ConnectionLedger(worker, shard, log);
        lock (_adding)
        {
            _shards = [.. _shards, shard];
            _ledgers = [.. _ledgers, ledger];
        }

        return ledger;
    }

    public long SocketsOpen(Direction direction) => _ledgers.Sum(ledger => (long)ledger.SocketsOpen(direction));

    /// <summary>See <see cref="ConnectionLedger.CountBytes"/>. On an event loop only.</summary>
    public async ValueTask CountBytesAsync() => await AskAsync(static ledger =>
    {
        ledger.CountBytes();
        return 0;
    });

    /// <summary>Labels of series that have been quiet for that time on a worker. On an event loop only.</summary>
    public async ValueTask<HashSet<string?[]>> QuietSeriesAsync(TimeSpan time)
    {
        var quiet = await AskAsync(ledger => ledger.QuietSeries(time));
        return quiet.SelectMany(static labels => labels).ToHashSet(TrafficShard.LabelComparer.Instance);
    }

    /// <summary>Drops them where they are quiet still; returns at once.</summary>
    public void ForgetSeries(IReadOnlyCollection<string?[]> labels, TimeSpan time)
    {
        foreach (var ledger in _ledgers) ledger.Loop.Post(() => ledger.ForgetSeries(labels, time));
    }

    /// <summary>See <see cref="ConnectionLedger.Rejudge"/>; returns at once, the workers go on by themselves.</summary>
    public void Rejudge(Func<OpenConnection, Model.Connections.ReasonCode> judge)
    {
        foreach (var ledger in _ledgers) ledger.Loop.Post(() => ledger.Rejudge(judge));
    }

    /// <summary>What is open now, gathered from all workers. On an event loop only.</summary>
    /// <returns>Of each, only <see cref="OpenConnection.Facts"/> may be read: they never change.</returns>
    public async ValueTask<IReadOnlyList<OpenConnection>> SnapshotAsync()
    {
        var parts = await AskAsync(static ledger => ledger.List(Direction.Inbound).Concat(ledger.List(Direction.Outbound)).ToList());
        return [.. parts.SelectMany(static part => part)];
    }

    private ValueTask<IReadOnlyList<T>> AskAsync<T>(Func<ConnectionLedger, T> question) =>
        LoopSurvey.AskAsync(_ledgers, static ledger => ledger.Loop, question, Patience);
}
