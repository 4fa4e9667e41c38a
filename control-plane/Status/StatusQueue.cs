using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>What is still to be written: one entry for each object and family, the latest wins. Thread-safe.</summary>
/// <param name="exists">Whether there is such an object, as last heard.</param>
/// <remarks>Never longer than there are objects, as long as <see cref="Forget"/> is told of those that are gone.</remarks>
internal sealed class StatusQueue(TimeProvider time, Func<ResourceKind, ObjectName, bool> exists)
{
    private readonly record struct Key(string Kind, ObjectName Object, string FieldManager);

    private sealed class Entry(ConditionSet wanted)
    {
        public ConditionSet Wanted { get; set; } = wanted;
        public long DueAt { get; set; }
        public int Failures { get; set; }
    }

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, Entry> _entries = [];
    private readonly HashSet<Key> _beingWritten = [];
    private readonly PriorityQueue<Key, long> _due = new();
    private TaskCompletionSource _changed = New();

    public int Count { get { lock (_gate) return _entries.Count; } }

    public void Put(ConditionSet wanted)
    {
        lock (_gate)
        {
            if (!exists(wanted.Kind, wanted.Object)) return; // it went before the index heard of that; one that goes from now on is told to Forget
            var key = KeyOf(wanted);
            _entries[key] = new(wanted) { DueAt = time.GetTimestamp() };
            // One at a time for each object: while one is on its way, its successor waits for it.
            if (!_beingWritten.Contains(key)) Schedule(key);
        }
    }

    public void Forget(ResourceKind kind, ObjectName name)
    {
        lock (_gate)
            foreach (var key in _entries.Keys.Where(key => key.Object == name && key.Kind == kind.Kind).ToList()) _entries.Remove(key);
    }

    /// <summary>Waits for the next that is due. The caller hands it back by <see cref="Done"/> or <see cref="Retry"/>.</summary>
    public async Task<(ConditionSet Wanted, int Failures)> TakeAsync(CancellationToken stop)
    {
        while (true)
        {
            Task changed;
            TimeSpan wait;
            lock (_gate)
            {
                if (TryTake(out var taken, out wait)) return taken;
                changed = _changed.Task;
            }

            using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await Task.WhenAny(changed, Task.Delay(wait, time, over.Token));
            await over.CancelAsync();
            stop.ThrowIfCancellationRequested();
        }
    }

    public void Done(ConditionSet written)
    {
        lock (_gate)
        {
            var key = KeyOf(written);
            _beingWritten.Remove(key);
            if (!_entries.TryGetValue(key, out var entry)) return;
            if (ReferenceEquals(entry.Wanted, written)) _entries.Remove(key);
            else Schedule(key);
        }
    }

    /// <param name="after">Not earlier than that, unless something newer is wanted.</param>
    public void Retry(ConditionSet failed, TimeSpan after)
    {
        lock (_gate)
        {
            var key = KeyOf(failed);
            _beingWritten.Remove(key);
            if (!_entries.TryGetValue(key, out var entry)) return;
            if (ReferenceEquals(entry.Wanted, failed))
            {
                entry.Failures++;
                entry.DueAt = time.GetTimestamp() + (long)(after.TotalSeconds * time.TimestampFrequency);
            }

            Schedule(key);
        }
    }

    private bool TryTake(out (ConditionSet, int) taken, out TimeSpan wait)
    {
        (taken, wait) = (default, Timeout.InfiniteTimeSpan);
        while (_due.TryPeek(out var key, out var dueAt))
        {
            // What was forgotten, replaced or is on its way left a line behind.
            var isValid = _entries.TryGetValue(key, out var entry) && entry.DueAt == dueAt && !_beingWritten.Contains(key);
            if (isValid && dueAt > time.GetTimestamp())
            {
                wait = time.GetElapsedTime(time.GetTimestamp(), dueAt) + TimeSpan.FromMilliseconds(1);
                return false;
            }

            _due.Dequeue();
            if (!isValid) continue;
            _beingWritten.Add(key);
            taken = (entry!.Wanted, entry.Failures);
            return true;
        }

        return false;
    }

    private void Schedule(Key key)
    {
        _due.Enqueue(key, _entries[key].DueAt);
        var changed = _changed;
        _changed = New();
        changed.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static Key KeyOf(ConditionSet set) => new(set.Kind.Kind, set.Object, set.FieldManager);
}
