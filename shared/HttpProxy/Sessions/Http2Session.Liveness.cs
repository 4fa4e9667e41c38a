using Ambient.Http2;

namespace Ambient.HttpProxy.Sessions;

/// <remarks>A peer that vanished without a FIN is noticed by PING: one is sent after a silence while streams are open, and the connection is
/// aborted when the answer takes too long. Received bytes count as a sign of life.</remarks>
internal abstract partial class Http2Session
{
    private ulong _ping;
    private bool _isPinged, _heard, _wasWithinHeaders;
    private long? _idleSince;

    void IHttp2Handler.OnPingAck(ulong opaque) => _heard = true;

    private void CheckLiveness()
    {
        if (IsOver) return;
        var heard = _heard;
        _heard = false;
        if (_isPinged && !heard)
        {
            Abort();
            return;
        }

        if (!Http2.CheckTimeouts() || IsStuckWithinHeaders())
        {
            Finish();
            return;
        }

        if (IsIdleTooLong(heard)) Drain();
        _isPinged = !heard && Http2.OpenStreams > 0;
        if (_isPinged) Http2.Ping(++_ping);
        if (!IsOver) _liveness.Start(_isPinged ? _options.Http2PingTimeout : CheckInterval);
    }

    private TimeSpan CheckInterval => _options.Http2PingAfter < _options.IdleTimeout ? _options.Http2PingAfter : _options.IdleTimeout;

    private bool IsIdleTooLong(bool heard)
    {
        if (heard || Http2.OpenStreams > 0) _idleSince = null;
        else _idleSince ??= Loop.Time.GetTimestamp();
        return _idleSince is { } since && Loop.Time.GetElapsedTime(since) + CheckInterval >= _options.IdleTimeout;
    }

    // One check after another finds it so: a head that takes so long is a slow attack or a broken peer.
    private bool IsStuckWithinHeaders()
    {
        var before = _wasWithinHeaders;
        _wasWithinHeaders = Http2.IsWithinHeaders;
        if (!before || !_wasWithinHeaders) return false;
        Http2.GoAway(Http2ErrorCode.EnhanceYourCalm);
        return true;
    }
}
