namespace Ambient.Transport;

/// <summary>Something a loop carries that can be asked to finish and made to.</summary>
public interface ICarried
{
    /// <summary>Asks to end once what is under way is done (GOAWAY, no further requests); a plain relay just goes on.</summary>
    void BeginDrain();

    /// <summary>The time to finish is over: what its protocol has words for is told so and ends soon, everything else ends now.</summary>
    void Expire() => Abort();

    /// <summary>Ends it now, like a reset.</summary>
    void Abort();
}

/// <summary>What one loop carries now. On the loop only, except <see cref="Count"/>.</summary>
public sealed class ConnectionSet(EventLoop loop)
{
    /// <summary>What is left at the deadline of a drain may take so long for its last words.</summary>
    public static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly HashSet<ICarried> _carried = [];
    private TaskCompletionSource? _emptied;
    private int _count;

    /// <summary>How many are carried now; any thread may ask.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Draining has begun: what is added now is asked to drain at once.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>What is carried now; stays as it is.</summary>
    public ICarried[] ToArray() => [.. _carried];

    public void Add(ICarried connection)
    {
        _carried.Add(connection);
        Volatile.Write(ref _count, _carried.Count);
        if (IsDraining)
            connection.BeginDrain();
    }

    public void Remove(ICarried connection)
    {
        _carried.Remove(connection);
        Volatile.Write(ref _count, _carried.Count);
        if (_carried.Count > 0)
            return;
        _carried.TrimExcess(); // a peak's table is not kept
        _emptied?.TrySetResult();
    }

    /// <summary>Asks all to finish and waits for them; ends those that are left at the deadline, and waits for these.</summary>
    /// <returns>How many had to be ended.</returns>
    public async ValueTask<int> DrainAsync(TimeSpan deadline)
    {
        IsDraining = true;
        if (_emptied is null or { Task.IsCompleted: true }) _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously); // who drains a second time waits for the same
        foreach (var connection in _carried.ToArray())
            connection.BeginDrain();

        var left = 0;
        var timer = loop.StartTimer(deadline, _ => left = ExpireAll(), null);
        var last = loop.StartTimer(deadline + LastWords, _ => AbortAll(), null);
        if (_carried.Count > 0)
            await _emptied.Task;
        timer.Cancel();
        last.Cancel();
        return left;
    }

    /// <summary>Ends all now.</summary>
    public void AbortAll()
    {
        foreach (var connection in _carried.ToArray())
            connection.Abort();
    }

    private int ExpireAll()
    {
        var all = _carried.ToArray();
        foreach (var connection in all)
            connection.Expire();
        return all.Length;
    }
}
