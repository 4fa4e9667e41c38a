using Ambient.Transport;
using Ambient.Http2;

namespace Ambient.Hbone.Tunnels;

/// <remarks>
/// A peer that vanished without a FIN is noticed by PING: one is sent after a silence, and the tunnel is closed when the answer
/// takes too long. Received bytes count as a sign of life, so busy tunnels are not pinged.
/// </remarks>
public sealed partial class Tunnel
{
    private LoopTimer? _liveness;
    private ulong _ping;
    private bool _pingOutstanding, _heard;

    private void StartLiveness() => _liveness = Loop.StartTimer(_options.PingAfter, static state => ((Tunnel)state!).CheckLiveness(), this);

    private void CheckLiveness()
    {
        if (IsClosed) return;
        var heard = _heard;
        _heard = false;
        if (_pingOutstanding && !heard)
        {
            Close(TunnelEnd.Unresponsive);
            return;
        }
        _pingOutstanding = !heard;
        if (_pingOutstanding) _http2.Ping(++_ping);
        FlushAtTurnEnd();
        _liveness = Loop.StartTimer(_pingOutstanding ? _options.PingTimeout : _options.PingAfter,
            static state => ((Tunnel)state!).CheckLiveness(), this);
    }

    void IHttp2Handler.OnPingAck(ulong opaque) => _heard = true;
}
