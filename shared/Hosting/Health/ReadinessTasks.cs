namespace Ambient.Hosting.Health;

/// <summary>What must be done before this process says that it is ready, and what has come undone since. Thread-safe.</summary>
public sealed class ReadinessTasks
{
    private readonly Lock _gate = new();
    private readonly SortedSet<string> _pending = new(StringComparer.Ordinal);

    public bool IsReady
    {
        get { lock (_gate) return _pending.Count == 0; }
    }

    /// <summary>Names of what is not done, in alphabetical order.</summary>
    public IReadOnlyList<string> Pending
    {
        get { lock (_gate) return [.. _pending]; }
    }

    /// <summary>Not ready until <see cref="Complete"/> with the same name; again and again if need be.</summary>
    public void Begin(string task)
    {
        lock (_gate) _pending.Add(task);
    }

    /// <summary>Idempotent.</summary>
    public void Complete(string task)
    {
        lock (_gate) _pending.Remove(task);
    }
}
