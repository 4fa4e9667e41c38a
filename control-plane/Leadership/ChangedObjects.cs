using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Leadership;

/// <summary>What a leader's duty still has to look at: each object once, again when it has changed meanwhile, later when it did not work out. Thread-safe.</summary>
internal sealed class ChangedObjects(TimeProvider time)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1), LongestRetry = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private HashSet<ObjectName>? _changed; // null: we do not lead, and who begins to looks at everything
    private TaskCompletionSource _woken = NewWake();

    /// <summary>The object, or something that it depends on, has changed.</summary>
    public void Note(ObjectName name)
    {
        lock (_gate)
        {
            _changed?.Add(name);
            _woken.TrySetResult();
        }
    }

    /// <summary>Looks at everything, then at what changes, one after another, until <paramref name="stop"/> fires.</summary>
    /// <param name="all">Names of everything, in the order in which to look at them.</param>
    /// <param name="look">False: it is to be tried again.</param>
    public async Task RunAsync(Func<IEnumerable<ObjectName>> all, Func<ObjectName, CancellationToken, Task<bool>> look, CancellationToken stop)
    {
        try
        {
            lock (_gate) _changed = [.. all()];
            await LookAsync(look, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
        finally
        {
            lock (_gate) _changed = null;
        }
    }

    private async Task LookAsync(Func<ObjectName, CancellationToken, Task<bool>> look, CancellationToken stop)
    {
        var (failed, failures, retry) = (new HashSet<ObjectName>(), 0, (Task?)null);
        while (true)
        {
            var (changed, woken) = Take();
            if (retry is { IsCompleted: true })
            {
                changed.UnionWith(failed);
                retry = null;
            }

            foreach (var name in changed)
            {
                if (await look(name, stop)) failed.Remove(name);
                else failed.Add(name);
            }

            if (failed.Count == 0) (failures, retry) = (0, null);
            else retry ??= Task.Delay(RetryAfter(++failures), time, stop);
            await (retry is null ? woken : Task.WhenAny(woken, retry)).WaitAsync(stop);
        }
    }

    private (HashSet<ObjectName> Changed, Task Woken) Take()
    {
        lock (_gate)
        {
            var taken = _changed ?? [];
            _changed = [];
            if (_woken.Task.IsCompleted) _woken = NewWake();
            return (taken, _woken.Task);
        }
    }

    private static TimeSpan RetryAfter(int failures)
    {
        var delay = FirstRetry * Math.Pow(2, Math.Min(failures - 1, 10));
        return delay < LongestRetry ? delay : LongestRetry;
    }

    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
