namespace Ambient.Xds.Client;

/// <summary>Names asked for on demand: who waits for an answer, and which answers keep being watched. Thread-safe.</summary>
internal sealed class Demands(int maxMissing)
{
    /// <summary>Names waited for at the same time; more are refused at once.</summary>
    private const int MaxWaiting = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TaskCompletionSource> _waiting = [];
    private readonly HashSet<string> _answered = [];
    private readonly Queue<string> _missing = [];
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

    /// <summary>From now on, <paramref name="send"/> is told of each name to subscribe to and each to give up; called under a lock.</summary>
    /// <returns>All names subscribed to so far, which the new stream has to begin with.</returns>
    public IReadOnlyList<string> Attach(Action<string, string?> send)
    {
        lock (_gate)
        {
            _send = send;
            return [.. _answered, .. _waiting.Keys];
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
            if (!found) Remember(name);
            waiter.SetResult();
        }
    }

    private void Remember(string missing)
    {
        _missing.Enqueue(missing);
        if (_missing.Count <= maxMissing) return;
        var oldest = _missing.Dequeue();
        _answered.Remove(oldest);
        _send?.Invoke("", oldest);
    }
}
