using Ambient.Http2.Frames;

namespace Ambient.Http2;

// What is checked of a frame when its header has arrived, before a byte of its payload is looked at.
public sealed partial class Http2Connection
{
    private bool CheckOrder()
    {
        var (type, stream) = (_frame.Type, _frame.StreamId);
        if (!_peerSettingsSeen && (type != FrameType.Settings || _frame.Has(FrameFlags.Ack)))
            Fail(Http2ErrorCode.ProtocolError, $"The first frame is {Name(type)}, not SETTINGS (RFC 9113 §3.4).");
        else if (_blockStream != 0 && (type != FrameType.Continuation || stream != _blockStream))
            Fail(Http2ErrorCode.ProtocolError, $"{Name(type)} on stream {stream} inside the header block of stream {_blockStream} (RFC 9113 §6.10).");
        else if (_blockStream == 0 && type == FrameType.Continuation)
            Fail(Http2ErrorCode.ProtocolError, $"CONTINUATION on stream {stream} without a header block (RFC 9113 §6.10).");
        return !IsEnded;
    }

    // Lengths and streams that a type allows (RFC 9113 §4.2, §6).
    private bool CheckFrame()
    {
        var (length, type, stream) = (_frame.Length, _frame.Type, _frame.StreamId);
        if (length > _options.MaxFrameSize)
            Fail(Http2ErrorCode.FrameSizeError, $"{Name(type)} of {length} bytes; SETTINGS_MAX_FRAME_SIZE is {_options.MaxFrameSize} (RFC 9113 §4.2).");
        else if (!LengthFits(type, length))
            Fail(Http2ErrorCode.FrameSizeError, $"{Name(type)} of {length} bytes (RFC 9113 §6).");
        else if (type is FrameType.Settings or FrameType.Ping or FrameType.GoAway && stream != 0)
            Fail(Http2ErrorCode.ProtocolError, $"{Name(type)} on stream {stream}; it belongs to stream 0 (RFC 9113 §6).");
        else if (type is FrameType.Data or FrameType.Headers or FrameType.Priority or FrameType.RstStream && stream == 0)
            Fail(Http2ErrorCode.ProtocolError, $"{Name(type)} on stream 0 (RFC 9113 §6).");
        else if (type == FrameType.PushPromise)
            Fail(Http2ErrorCode.ProtocolError, "PUSH_PROMISE, though push is disabled (RFC 9113 §8.4).");
        return !IsEnded;
    }

    private bool LengthFits(FrameType type, int length) => type switch
    {
        FrameType.Settings when _frame.Has(FrameFlags.Ack) => length == 0,
        FrameType.Settings => length % SettingBytes == 0,
        FrameType.Ping => length == 8,
        FrameType.GoAway => length >= 8,
        FrameType.RstStream or FrameType.WindowUpdate => length == 4,
        FrameType.Priority => length == 5,
        FrameType.Data or FrameType.Headers => length > 0 || !_frame.Has(FrameFlags.Padded),
        _ => true,
    };

    // What has to be gathered is bounded before the first byte of it.
    private bool CheckGathered()
    {
        var (type, length) = (_frame.Type, _frame.Length);
        if (type is FrameType.Headers or FrameType.Continuation && length + _blockCount > _options.MaxHeaderBlockBytes)
            Calm($"a header block of more than {_options.MaxHeaderBlockBytes} bytes ({nameof(Http2Options.MaxHeaderBlockBytes)})");
        else if (type == FrameType.Settings && length > MostSettings * SettingBytes)
            Calm($"{length / SettingBytes} settings in one frame, more than {MostSettings}");
        return !IsEnded;
    }

    private static string Name(FrameType type) => type switch
    {
        FrameType.Data => "DATA",
        FrameType.Headers => "HEADERS",
        FrameType.Priority => "PRIORITY",
        FrameType.RstStream => "RST_STREAM",
        FrameType.Settings => "SETTINGS",
        FrameType.PushPromise => "PUSH_PROMISE",
        FrameType.Ping => "PING",
        FrameType.GoAway => "GOAWAY",
        FrameType.WindowUpdate => "WINDOW_UPDATE",
        FrameType.Continuation => "CONTINUATION",
        FrameType.PriorityUpdate => "PRIORITY_UPDATE",
        _ => $"a frame of type 0x{(byte)type:x2}",
    };
}
