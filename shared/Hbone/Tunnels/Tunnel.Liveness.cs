using Ambient.Transport;
using Ambient.Http2;

namespace Ambient.Hbone.Tunnels;

/// <remarks>
/// A peer that vanished without a FIN is noticed by PING: one is sent after a silence, and the tunnel is closed when the answer
/// takes too long. Received bytes count as a sign of life, so busy tunnels are not pinged.
/// </remarks>
public sealed partial class Tunnel
{
    private readonly LoopTimer _liveness;
    private ulong _ping;
    private bool _pingOutstanding, _heard;

    /// <summary>Counts what arrived: as long as it stays the same, the peer has shown no sign of life.</summary>
    internal uint ReceivedBatches { get; private set; }

    /// <summary>Asks for a sign of life.</summary>
    internal void Ping()
    {
        if (!IsClosed) _http2.Ping(++_ping);
    }

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
        if (!_http2.CheckTimeouts())
        {
            Close(TunnelEnd.Protocol(_http2.Error!.Code, _http2.Error.Message));
            return;
        }
        _pingOutstanding = !heard;
        if (_pingOutstanding) _http2.Ping(++_ping);
        _liveness.Start(_pingOutstanding ? _options.PingTimeout : _options.PingAfter);
    }

    void IHttp2Handler.OnPingAck(ulong opaque) => _heard = true;
}
