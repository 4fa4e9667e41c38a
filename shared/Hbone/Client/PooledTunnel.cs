using Ambient.Hbone.Tunnels;
using Ambient.Transport;

namespace Ambient.Hbone.Client;

/// <summary>A tunnel in a pool, and the timer that closes it when nobody has used it for a while. On the pool's loop only.</summary>
internal sealed class PooledTunnel
{
    private readonly LoopTimer _release;

    public PooledTunnel(EventLoop loop, Tunnel tunnel)
    {
        Tunnel = tunnel;
        _release = new(loop, static closing => ((Tunnel)closing!).Close(TunnelEnd.Idle), tunnel);
    }

    public Tunnel Tunnel { get; }

    public bool IsUnused => Tunnel.OpenStreams == 0;

    /// <summary>Opens a stream if there is room for one; the tunnel then is in use.</summary>
    public HboneStream? TryConnect(ConnectRequest request)
    {
        var stream = Tunnel.TryConnect(request);
        if (stream is not null) _release.Cancel();
        return stream;
    }

    /// <summary>Closes it after this time, unless it is used before. A time that runs already goes on.</summary>
    public void ReleaseAfter(TimeSpan time)
    {
        if (!_release.IsRunning) _release.Start(time);
    }

    /// <summary>It closed: nothing is to be released any more.</summary>
    public void Forget() => _release.Cancel();
}
