namespace Ambient.Hosting.Logging;

/// <summary>Finished lines between those who log and the one thread that writes. Never waits: a line that finds it full is dropped and counted.</summary>
/// <remarks>Dropping is deliberate. A node proxy whose log reader is stuck must go on carrying connections, and the alternative, waiting,
/// would stop every pod of the node. The lock is held for one copy of a line. Memory is bounded by twice the capacity.</remarks>
public sealed class LogQueue(int capacityBytes = LogQueue.DefaultCapacityBytes)
{
    /// <summary>About five thousand access lines.</summary>
    public const int DefaultCapacityBytes = 2 << 20;

    private const int SmallestBuffer = 8 << 10;

    private readonly object _gate = new();
    private byte[] _filling = [], _spare = [];
    private int _length;
    private long _dropped;
    private bool _completed, _writerSleeps;

    /// <summary>Lines lost so far because the output was too slow.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <param name="line">With its line end; copied.</param>
    /// <returns>False if it was dropped.</returns>
    public bool TryWrite(ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            if (_completed || line.Length > capacityBytes - _length)
            {
                _dropped++;
                return false;
            }

            if (_length + line.Length > _filling.Length) Grow(_length + line.Length);
            line.CopyTo(_filling.AsSpan(_length));
            _length += line.Length;

            // The sleeping writer is woken once for many lines: it waits a moment before it takes them.
            if (_writerSleeps) Wake();
            return true;
        }
    }

    /// <summary>Whatever is written from now on is dropped; the writer takes what is left and ends.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _completed = true;
            Wake();
        }
    }

    /// <summary>Waits for lines, then a little longer for more, and takes all. Only one thread may call it.</summary>
    /// <param name="linger">Lines arriving within this time share one write.</param>
    /// <returns>Valid until the next call. Empty once completed and drained.</returns>
    internal ReadOnlyMemory<byte> Take(TimeSpan linger)
    {
        lock (_gate)
        {
            while (_length == 0 && !_completed) Sleep(Timeout.InfiniteTimeSpan);
            if (!_completed && _length < capacityBytes / 2) Monitor.Wait(_gate, linger);

            var taken = _filling.AsMemory(0, _length);
            (_filling, _spare) = (_spare.Length > SmallestBuffer * 8 ? [] : _spare, _filling);
            _length = 0;
            return taken;
        }
    }

    private void Sleep(TimeSpan limit)
    {
        _writerSleeps = true;
        Monitor.Wait(_gate, limit);
        _writerSleeps = false;
    }

    private void Wake()
    {
        _writerSleeps = false;
        Monitor.Pulse(_gate);
    }

    private void Grow(int needed)
    {
        var larger = new byte[Math.Min(capacityBytes, Math.Max(Math.Max(needed, SmallestBuffer), _filling.Length * 2))];
        _filling.AsSpan(0, _length).CopyTo(larger);
        _filling = larger;
    }
}
