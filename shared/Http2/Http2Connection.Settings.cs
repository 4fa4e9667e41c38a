using System.Buffers.Binary;
using Ambient.Http2.Frames;

namespace Ambient.Http2;

// SETTINGS in both directions (RFC 9113 §6.5).
public sealed partial class Http2Connection
{
    private const int SettingBytes = 6;
    private const int MostSettings = 128; // in one frame; a dozen are defined

    private bool _peerSettingsSeen;
    private bool _settingsAcknowledged;

    /// <summary>Streams that the peer lets us open (client); until its SETTINGS arrive, our assumption.</summary>
    public int PeerMaxConcurrentStreams { get; private set; }

    /// <summary>Largest frame that the peer takes, in bytes of payload.</summary>
    public int PeerMaxFrameSize { get; private set; } = DefaultFrameSize;

    /// <summary>Largest header list that the peer says it takes, counted as <see cref="HeaderList.ListBytes"/>.</summary>
    public int PeerMaxHeaderListBytes { get; private set; } = int.MaxValue;

    /// <summary>The server takes extended CONNECT (RFC 8441 §3).</summary>
    public bool PeerTakesExtendedConnect { get; private set; }

    /// <summary>The peer's SETTINGS have arrived: its limits are known.</summary>
    public bool PeerSettingsKnown => _peerSettingsSeen;

    private void WriteSettings()
    {
        Span<byte> frame = stackalloc byte[FrameHeader.Size + 7 * SettingBytes];
        var length = FrameHeader.Size;
        length += ControlFrames.WriteSetting(frame[length..], SettingId.HeaderTableSize, _options.HeaderTableBytes);
        if (IsServer)
            length += ControlFrames.WriteSetting(frame[length..], SettingId.MaxConcurrentStreams, _options.MaxConcurrentStreams);
        else
            length += ControlFrames.WriteSetting(frame[length..], SettingId.EnablePush, 0);
        length += ControlFrames.WriteSetting(frame[length..], SettingId.InitialWindowSize, _options.StreamWindow);
        length += ControlFrames.WriteSetting(frame[length..], SettingId.MaxFrameSize, _options.MaxFrameSize);
        length += ControlFrames.WriteSetting(frame[length..], SettingId.MaxHeaderListSize, _options.MaxHeaderListBytes);
        if (IsServer && _options.ExtendedConnect)
            length += ControlFrames.WriteSetting(frame[length..], SettingId.EnableConnectProtocol, 1);
        new FrameHeader(length - FrameHeader.Size, FrameType.Settings, 0, 0).Write(frame);
        Emit(frame[..length]);
    }

    private void OnSettings(ReadOnlySpan<byte> payload)
    {
        if (!_settings.Count(_options.Floods.Settings, Now))
        {
            Calm($"more SETTINGS frames than {nameof(FloodLimits.Settings)} ({_options.Floods.Settings}) allows");
            return;
        }
        if (_frame.Has(FrameFlags.Ack))
        {
            if (!_settingsAcknowledged) OnSettingsAcknowledged();
            return;
        }
        // Unless the first SETTINGS says otherwise there is no limit (§6.5.2).
        if (!_peerSettingsSeen) PeerMaxConcurrentStreams = int.MaxValue;
        _peerSettingsSeen = true;
        for (; payload.Length >= SettingBytes && !IsEnded; payload = payload[SettingBytes..])
            Apply((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
        if (IsEnded) return;
        AcknowledgeSettings();
        if (IsEnded) return;
        _handler.OnPeerSettings();
        WakeWaiting();
    }

    private void Apply(SettingId id, uint value)
    {
        switch (id)
        {
            case SettingId.EnablePush when value > (IsServer ? 1u : 0u):
                Fail(Http2ErrorCode.ProtocolError, $"SETTINGS_ENABLE_PUSH is {value} (RFC 9113 §6.5.2).");
                break;
            case SettingId.MaxConcurrentStreams:
                PeerMaxConcurrentStreams = (int)Math.Min(value, int.MaxValue);
                break;
            case SettingId.InitialWindowSize when value > int.MaxValue:
                Fail(Http2ErrorCode.FlowControlError, $"SETTINGS_INITIAL_WINDOW_SIZE is {value}, above 2^31-1 (RFC 9113 §6.5.2).");
                break;
            case SettingId.InitialWindowSize:
                if (!ChangeInitialWindow((int)value))
                    Fail(Http2ErrorCode.FlowControlError,
                        "SETTINGS_INITIAL_WINDOW_SIZE raises a stream's window above 2^31-1 (RFC 9113 §6.9.2).");
                break;
            case SettingId.MaxFrameSize when value is < 16384 or > 16777215:
                Fail(Http2ErrorCode.ProtocolError, $"SETTINGS_MAX_FRAME_SIZE is {value}; allowed are 16384 to 16777215 (RFC 9113 §6.5.2).");
                break;
            case SettingId.MaxFrameSize:
                PeerMaxFrameSize = (int)value;
                break;
            case SettingId.MaxHeaderListSize:
                PeerMaxHeaderListBytes = (int)Math.Min(value, int.MaxValue);
                break;
            case SettingId.EnableConnectProtocol when value > 1 || (value == 0 && PeerTakesExtendedConnect):
                Fail(Http2ErrorCode.ProtocolError, $"SETTINGS_ENABLE_CONNECT_PROTOCOL may not become {value} (RFC 8441 §3).");
                break;
            case SettingId.EnableConnectProtocol:
                PeerTakesExtendedConnect = value == 1;
                break;
            default: // HEADER_TABLE_SIZE: we never use the peer's table; unknown ones are ignored (§6.5.2)
                break;
        }
    }

    private void AcknowledgeSettings()
    {
        Span<byte> frame = stackalloc byte[FrameHeader.Size];
        new FrameHeader(0, FrameType.Settings, FrameFlags.Ack, 0).Write(frame);
        EmitControl(frame);
    }

    private void OnSettingsAcknowledged()
    {
        _settingsAcknowledged = true;
        _decoder.TableSizeAcknowledged();
        var surplus = DefaultWindow - _options.StreamWindow;
        if (surplus <= 0) return;
        foreach (var stream in _streams.Slots)
        {
            if (stream is null) continue;
            stream.ReceiveWindow -= surplus;
            stream.ReceiveTarget -= surplus;
        }
    }
}
