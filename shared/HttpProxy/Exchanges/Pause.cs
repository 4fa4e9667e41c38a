using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>A wait of an exchange for time alone, which may be cut short. Reusable; on the loop only.</summary>
internal sealed class Pause
{
    private readonly LoopTimer _timer;
    private readonly LoopSignal _over;

    public Pause(EventLoop loop) => (_over, _timer) = (new(loop), new(loop, static pause => ((Pause)pause!)._over.Set(), this));

    /// <summary>Completes after so long, or with <see cref="End"/>. One waiter at a time.</summary>
    public ValueTask WaitAsync(TimeSpan time)
    {
        _timer.Start(time);
        return _over.WaitAsync();
    }

    /// <summary>Who waits goes on soon; nothing happens if nobody does.</summary>
    public void End()
    {
        _timer.Cancel();
        _over.SetSoon();
    }
}
