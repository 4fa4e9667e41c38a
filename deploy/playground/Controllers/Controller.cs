using System.Threading.Channels;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>
/// Brings objects to what is wanted of them. What to look at comes from the writes to the watched kinds; each look reads the
/// newest state, so it does not matter how many writes led to it.
/// </summary>
internal abstract class Controller(ObjectStore store)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(50);

    private readonly Channel<ObjectKey> _queue = Channel.CreateUnbounded<ObjectKey>(new() { SingleReader = true });
    private readonly HashSet<ObjectKey> _queued = [];
    private readonly Lock _gate = new();

    protected ObjectStore Store => store;

    protected ResourceKind Kind(string group, string kind) => store.Kinds.Get(group, kind);

    /// <summary>The kinds whose writes matter.</summary>
    protected abstract IEnumerable<ResourceKind> Watched { get; }

    /// <summary>What to look at after a write.</summary>
    protected abstract IEnumerable<ObjectKey> Affected(StoredObject written);

    /// <returns>When to look again without a write; null if not.</returns>
    protected abstract TimeSpan? Reconcile(ObjectKey key);

    public async Task RunAsync(CancellationToken stop)
    {
        var followers = Watched.Select(kind => FollowAsync(kind, stop)).ToList();
        await foreach (var key in _queue.Reader.ReadAllAsync(stop))
        {
            lock (_gate) _queued.Remove(key);
            if (Try(key) is { } later) followers.Add(QueueLaterAsync(key, later, stop));
            followers.RemoveAll(task => task.IsCompletedSuccessfully);
        }
    }

    protected void Queue(ObjectKey key)
    {
        lock (_gate)
            if (_queued.Add(key)) _queue.Writer.TryWrite(key);
    }

    private TimeSpan? Try(ObjectKey key)
    {
        try
        {
            return Reconcile(key);
        }
        catch (StatusException error) when (error.Code is 409 or 404)
        {
            return RetryAfter; // somebody else wrote meanwhile
        }
        catch (StatusException)
        {
            return null; // what is wanted cannot be; the next write may change that
        }
    }

    private async Task QueueLaterAsync(ObjectKey key, TimeSpan delay, CancellationToken stop)
    {
        await Task.Delay(delay, store.Time, stop);
        Queue(key);
    }

    private async Task FollowAsync(ResourceKind kind, CancellationToken stop)
    {
        while (true)
        {
            var (list, feed) = store.ListAndWatch(kind);
            foreach (var key in list.Items.SelectMany(Affected)) Queue(key);
            try
            {
                while (true)
                {
                    var written = await feed.ReadAsync(stop);
                    foreach (var key in Affected(written.New)) Queue(key);
                    if (written.Old is { } old) foreach (var key in Affected(old)) Queue(key);
                }
            }
            catch (StatusException)
            {
                // Too far behind: from the start again.
            }
        }
    }
}
