using System.Buffers.Binary;
using System.Text;
using Ambient.Http2.Frames;

namespace Ambient.Http2;

// PING, GOAWAY and the ways a connection ends (RFC 9113 §5.4, §6.7, §6.8).
public sealed partial class Http2Connection
{
    /// <summary>Opaque values with these upper four bytes are used by the connection itself: not for <see cref="Ping"/>.</summary>
    public const ulong ReservedPings = 0xA3B1_E27F_0000_0000;

    private const ulong DrainProbe = ReservedPings | 1;
    private const ulong ResetProbe = ReservedPings | 2;

    private GoAwayProgress _goAwaySent;
    private uint _goAwayLastId = MaxStreamId;   // server: higher streams of the peer are ignored
    private uint? _peerLastStreamId;            // from the peer's GOAWAY

    private enum GoAwayProgress : byte { None, Announced, Final }

    /// <summary>Sends a PING; <see cref="IHttp2Handler.OnPingAck"/> follows when the peer answers.</summary>
    /// <param name="opaque">Comes back unchanged; see <see cref="ReservedPings"/>.</param>
    public void Ping(ulong opaque)
    {
        if (!IsEnded) WritePing(ack: false, opaque, control: false);
    }

    /// <summary>
    /// Ends the connection without losing a request: no new streams, those that are open go on. A server first announces
    /// it and names the last stream a PING round trip later, so requests under way are still served (RFC 9113 §6.8).
    /// </summary>
    /// <remarks>Close the transport once <see cref="IsDrained"/>, or call <see cref="GoAway"/> at a deadline.</remarks>
    public void GoAwayGraceful()
    {
        if (_goAwaySent != GoAwayProgress.None || IsEnded) return;
        if (IsServer)
        {
            _goAwaySent = GoAwayProgress.Announced;
            WriteGoAway(MaxStreamId, Http2ErrorCode.NoError, "");
            WriteProbe(DrainProbe);
        }
        else
        {
            _goAwaySent = GoAwayProgress.Final; // the server opens no streams, so there is nothing to wait for
            WriteGoAway(0, Http2ErrorCode.NoError, "");
        }
    }

    /// <summary>Ends the connection now: writes GOAWAY and closes all streams (<see cref="IHttp2Handler.OnReset"/> with
    /// <paramref name="code"/>). Flush and close the transport.</summary>
    public void GoAway(Http2ErrorCode code)
    {
        if (IsEnded) return;
        WriteGoAway(Math.Min(_lastPeerStreamId, _goAwayLastId), code, "");
        End(code);
    }

    /// <summary>The transport is gone: closes all streams (<see cref="IHttp2Handler.OnReset"/> with
    /// <paramref name="code"/>) and writes nothing.</summary>
    public void Abandon(Http2ErrorCode code)
    {
        if (!IsEnded) End(code);
    }

    /// <summary>
    /// Applies <see cref="Http2Options.SettingsTimeout"/> and <see cref="FloodLimits.MaxSendBlock"/>. To be called every few
    /// seconds if these matter; costs a walk over the streams.
    /// </summary>
    /// <returns>False if the connection has ended; see <see cref="Error"/>.</returns>
    public bool CheckTimeouts()
    {
        if (IsEnded) return false;
        if (_started && !_settingsAcknowledged && Now >= (long)_options.SettingsTimeout.TotalMilliseconds)
            Fail(Http2ErrorCode.SettingsTimeout,
                $"The peer did not acknowledge SETTINGS within {_options.SettingsTimeout.TotalSeconds:0.#} s (RFC 9113 §6.5.3).");
        else if (_options.Floods.MaxSendBlock is { } most)
            ResetBlockedStreams((uint)(Now / 1000), (uint)most.TotalSeconds);
        return !IsEnded;
    }

    private void ResetBlockedStreams(uint now, uint most)
    {
        foreach (var stream in _streams.ToArray())
            if (stream.Has(StreamFlags.Blocked) && now - stream.BlockedAt >= most)
                FailStream(stream, Http2ErrorCode.EnhanceYourCalm);
    }

    private void OnPing(ReadOnlySpan<byte> payload)
    {
        var opaque = BinaryPrimitives.ReadUInt64BigEndian(payload);
        if (_frame.Has(FrameFlags.Ack))
            OnPingAck(opaque);
        else if (_pings.Count(_options.Floods.Pings, Now))
            WritePing(ack: true, opaque, control: true);
        else
            Calm($"more PING frames than {nameof(FloodLimits.Pings)} ({_options.Floods.Pings}) allows");
    }

    private void OnPingAck(ulong opaque)
    {
        if (opaque == ResetProbe)
            _recentResets.ProbeAnswered();
        else if (opaque != DrainProbe)
            _handler.OnPingAck(opaque);
        else if (_goAwaySent == GoAwayProgress.Announced)
        {
            _goAwaySent = GoAwayProgress.Final;
            _goAwayLastId = _lastPeerStreamId;
            WriteGoAway(_goAwayLastId, Http2ErrorCode.NoError, "");
        }
    }

    private void OnGoAway(ReadOnlySpan<byte> payload)
    {
        var last = BinaryPrimitives.ReadUInt32BigEndian(payload) & MaxStreamId;
        var code = (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
        if (last > _peerLastStreamId)
        {
            Fail(Http2ErrorCode.ProtocolError, $"GOAWAY raised the last stream from {_peerLastStreamId} to {last} (RFC 9113 §6.8).");
            return;
        }
        _peerLastStreamId = last;
        _handler.OnGoAway(last, code);
        if (IsServer) return; // it speaks of streams that a server opens
        foreach (var stream in _streams.ToArray())
            if (stream.Id > last)
                ResetLocally(stream, Http2ErrorCode.RefusedStream);
    }

    private void WriteProbe(ulong opaque)
    {
        if (opaque == ResetProbe) _recentResets.ProbeSent();
        WritePing(ack: false, opaque, control: true);
    }

    private void WritePing(bool ack, ulong opaque, bool control)
    {
        Span<byte> frame = stackalloc byte[ControlFrames.PingSize];
        ControlFrames.WritePing(frame, ack, opaque);
        if (control) EmitControl(frame);
        else Emit(frame);
    }

    private void WriteGoAway(uint lastStreamId, Http2ErrorCode code, string debug)
    {
        Span<byte> frame = stackalloc byte[ControlFrames.GoAwaySize + 3 * 256];
        Span<byte> text = stackalloc byte[3 * 256];
        var textLength = Encoding.UTF8.GetBytes(debug.AsSpan(0, Math.Min(debug.Length, 256)), text);
        Emit(frame[..ControlFrames.WriteGoAway(frame, lastStreamId, code, text[..textLength])]);
    }

    /// <summary>Ends the connection because the peer broke a rule; all streams are closed (RFC 9113 §5.4.1).</summary>
    private void Fail(Http2ErrorCode code, string message)
    {
        if (IsEnded) return;
        Error = new Http2Error(code, message);
        WriteGoAway(Math.Min(_lastPeerStreamId, _goAwayLastId), code, message);
        End(code);
    }

    private void Calm(string what) => Fail(Http2ErrorCode.EnhanceYourCalm, $"The peer sent {what}.");

    /// <summary>The peer broke a rule on one stream, which the owner knows (RFC 9113 §5.4.2).</summary>
    private void FailStream(Http2Stream stream, Http2ErrorCode code)
    {
        if (stream.IsClosed) return;
        WriteReset(stream.Id, code, peerMaySend: !stream.RemoteEnded);
        ResetLocally(stream, code);
        CountStreamFault();
    }

    /// <summary>The peer broke a rule on a stream that the owner does not know (any more).</summary>
    private void FailStream(uint streamId, Http2ErrorCode code, bool peerMaySend)
    {
        WriteReset(streamId, code, peerMaySend);
        CountStreamFault();
    }

    // Closed before the owner hears of it: whatever it does then finds the stream closed.
    private void ResetLocally(Http2Stream stream, Http2ErrorCode code)
    {
        if (stream.IsClosed) return;
        stream.Flags |= StreamFlags.Closed;
        _streams.Remove(stream);
        Unblock(stream);
        _handler.OnReset(stream, code);
        _handler.OnStreamClosed(stream);
    }

    private void End(Http2ErrorCode code)
    {
        IsEnded = true;
        foreach (var stream in _streams.ToArray())
            ResetLocally(stream, code);
        if (!_receiving) DropPartialFrame();
    }
}
