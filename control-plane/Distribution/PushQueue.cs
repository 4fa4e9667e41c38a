namespace Ambient.ControlPlane.Distribution;

/// <summary>Turns many signals into few pushes: the first at once, then one per interval while signals come.</summary>
/// <remarks>Pushes run on the signalling thread or a timer's, never two at a time.</remarks>
internal sealed class PushQueue : IDisposable
{
    private readonly Lock _gate = new(), _pushing = new();
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly Action _push;
    private readonly ITimer _timer;
    private long? _last;
    private bool _isDue;

    public PushQueue(TimeSpan interval, TimeProvider time, Action push)
    {
        (_interval, _time, _push) = (interval, time, push);
        _timer = time.CreateTimer(_ => Push(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Signal()
    {
        lock (_gate)
        {
            if (_isDue) return;
            var since = _last is { } last ? _time.GetElapsedTime(last) : TimeSpan.MaxValue;
            _isDue = true;
            if (since < _interval)
            {
                _timer.Change(_interval - since, Timeout.InfiniteTimeSpan);
                return;
            }
        }
        Push();
    }

    public void Dispose() => _timer.Dispose();

    private void Push()
    {
        lock (_pushing)
        {
            lock (_gate)
            {
                _isDue = false; // a signal from here on is for the next push
                _last = _time.GetTimestamp();
            }
            _push();
        }
    }
}
