namespace Ambient.Xds.Client;

/// <summary>Names asked for on demand: who waits for an answer, and which answers keep being watched. Thread-safe.</summary>
/// <param name="maxMissing">Names watched that have nothing behind them.</param>
/// <param name="isKnown">Whether there is something of that name now; called under a lock.</param>
internal sealed class Demands(int maxMissing, Func<string, bool> isKnown)
{
    /// <summary>Names waited for at the same time; more are refused at once.</summary>
    private const int MaxWaiting = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TaskCompletionSource> _waiting = [];
    private readonly HashSet<string> _answered = [];
    private readonly Queue<string> _missing = []; // of those answered; some may have come to be since
    private int _lookAgainAt = 2 * maxMissing;
    private Action<string, string?>? _send;

    /// <summary>The task ends once the server has answered; completed if it has already. Null: too many are waiting.</summary>
    public Task? Ask(string name)
    {
        lock (_gate)
        {
            if (_answered.Contains(name)) return Task.CompletedTask;
            if (_waiting.TryGetValue(name, out var asked)) return asked.Task;
            if (_waiting.Count >= MaxWaiting) return null;
            var waiter = _waiting[name] = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _send?.Invoke(name, null);
            return waiter.Task;
        }
    }

    /// <summary>
    /// From now on, <paramref name="send"/> is told of each name to subscribe to and each to give up, but only after
    /// <paramref name="begin"/> was given all names subscribed to so far, which the new stream has to begin with.
    /// </summary>
    /// <remarks>Both are called under a lock.</remarks>
    public void Attach(Action<IEnumerable<string>> begin, Action<string, string?> send)
    {
        lock (_gate)
        {
            begin([.. _answered, .. _waiting.Keys]);
            _send = send;
        }
    }

    public void Detach() { lock (_gate) _send = null; }

    /// <summary>Names without an answer yet.</summary>
    public IReadOnlyList<string> Waiting { get { lock (_gate) return _waiting.Count == 0 ? [] : [.. _waiting.Keys]; } }

    /// <param name="found">False: there is nothing of that name. Should it come to be, the server will send it.</param>
    public void Answer(string name, bool found)
    {
        lock (_gate)
        {
            if (!_waiting.Remove(name, out var waiter)) return;
            _answered.Add(name);
            if (!found) _missing.Enqueue(name);
            if (_answered.Count >= _lookAgainAt) FindWhatHasGone();
            GiveUpOldest();
            waiter.SetResult();
        }
    }

    // Costs time for all names, so only when there are twice as many as the last time.
    private void FindWhatHasGone()
    {
        var listed = _missing.ToHashSet();
        foreach (var name in _answered)
            if (!listed.Contains(name) && !isKnown(name)) _missing.Enqueue(name);
        GiveUpOldest();
        _lookAgainAt = 2 * (_answered.Count + maxMissing);
    }

    private void GiveUpOldest()
    {
        while (_missing.Count > maxMissing)
        {
            var oldest = _missing.Dequeue();
            if (isKnown(oldest)) continue; // it has come to be since
            _answered.Remove(oldest);
            _send?.Invoke("", oldest);
        }
    }
}
