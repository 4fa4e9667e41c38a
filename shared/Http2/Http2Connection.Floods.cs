using Ambient.Http2.Floods;

namespace Ambient.Http2;

// What the peer made us do so far, against FloodLimits (RFC 9113 §10.5).
public sealed partial class Http2Connection
{
    private RateMeter _earlyResets;
    private RateMeter _streamFaults;
    private RateMeter _pings;
    private RateMeter _settings;
    private RateMeter _emptyFrames;
    private RateMeter _windowUpdates;
    private RateMeter _ignored;
    private long _controlWritten;   // bytes of answers so far
    private long _controlSent;      // how many of them have certainly left
    private long _markAt;           // once the output has sent so many bytes,
    private long _markControl;      // so many of the answers have left; 0: no mark

    /// <summary>Bytes of answers to the peer (acknowledgements, resets, window updates) that may still wait to be sent.</summary>
    public long UnsentControlBytes
    {
        get
        {
            SeeWhatWasSent();
            return _controlWritten - _controlSent;
        }
    }

    private void EmitControl(ReadOnlySpan<byte> frames)
    {
        // Asked before the frame adds to what waits: some outputs know for certain only when they are empty.
        var most = _options.Floods.MaxUnsentControlBytes;
        if (_controlWritten - _controlSent > most / 2) SeeWhatWasSent();
        Emit(frames);
        _controlWritten += frames.Length;
        if (_controlWritten - _controlSent <= most || IsEnded) return;
        Fail(Http2ErrorCode.EnhanceYourCalm,
            $"The peer does not read: more than {most} bytes of answers to it wait ({nameof(FloodLimits.MaxUnsentControlBytes)}).");
    }

    // One mark at a time: exact enough, and needs no list of positions.
    private void SeeWhatWasSent()
    {
        var sent = _output.SentBytes;
        if (sent >= BytesWritten) _controlSent = _controlWritten;
        else if (_markControl > 0 && sent >= _markAt) _controlSent = Math.Max(_controlSent, _markControl);
        if (_controlSent < _markControl) return; // its mark is still ahead
        _markAt = BytesWritten;
        _markControl = _controlWritten;
    }

    private void CountStreamFault()
    {
        if (!_streamFaults.Count(_options.Floods.StreamFaults, Now))
            Calm($"more faulty streams than {nameof(FloodLimits.StreamFaults)} ({_options.Floods.StreamFaults}) allows");
    }

    private void CountEarlyReset()
    {
        if (!_earlyResets.Count(_options.Floods.EarlyResets, Now))
            Calm($"more resets of unanswered requests than {nameof(FloodLimits.EarlyResets)} ({_options.Floods.EarlyResets}) allows");
    }

    private void CountEmptyFrame()
    {
        if (!_emptyFrames.Count(_options.Floods.EmptyFrames, Now))
            Calm($"more empty frames than {nameof(FloodLimits.EmptyFrames)} ({_options.Floods.EmptyFrames}) allows");
    }

    private void CountIgnoredFrame()
    {
        if (!_ignored.Count(_options.Floods.IgnoredFrames, Now))
            Calm($"more frames to be ignored than {nameof(FloodLimits.IgnoredFrames)} ({_options.Floods.IgnoredFrames}) allows");
    }
}
