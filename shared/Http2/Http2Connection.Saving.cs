using Ambient.Http2.Frames;
using Ambient.Http2.State;

namespace Ambient.Http2;

// A connection moves to another process: its state, also in the middle of a frame.
public sealed partial class Http2Connection
{
    private const int StateVersion = 1;
    private const int MostSavedStreams = 1_000_000;

    /// <summary>The state of the connection between two calls of <see cref="Receive"/>; use it no further afterwards.</summary>
    /// <remarks>What the owner keeps (<see cref="Http2Stream.State"/>, unsent output) is the owner's to move. Rates counted
    /// against <see cref="FloodLimits"/> start anew.</remarks>
    /// <exception cref="InvalidOperationException">Called from inside <see cref="Receive"/>, or the connection has ended.</exception>
    public Http2ConnectionState Save()
    {
        if (_receiving || IsEnded) throw new InvalidOperationException("A connection is saved between two calls of Receive, before it ends.");
        var codec = new StateCodec();
        var version = StateVersion;
        codec.Number(ref version);
        Transfer(codec);
        return new(codec.ToArray());
    }

    /// <summary>Continues a saved connection. Find its streams with <see cref="Streams"/> and give them their states.</summary>
    /// <param name="options">What was announced to the peer is taken from <paramref name="state"/> instead.</param>
    /// <param name="output">Its <see cref="IHttp2Output.SentBytes"/> goes on counting from where the old one was.</param>
    /// <returns>Null if the state is damaged or of a version that we do not know.</returns>
    public static Http2Connection? TryRestore(
        Http2ConnectionState state, Http2Role role, Http2Options options, IHttp2Handler handler, IHttp2Output output, TimeProvider time)
    {
        var codec = new StateCodec(state.Bytes);
        var version = 0;
        codec.Number(ref version);
        if (version != StateVersion) return null;
        var connection = new Http2Connection(role, options.Copy(), handler, output, time);
        connection.Transfer(codec);
        return codec.IsComplete && connection.IsSane() ? connection : null;
    }

    private bool IsSane() =>
        _options.Problems().Count == 0 && _left >= 0 && _dataLeft >= 0 && _dataLeft <= _left &&
        _headCount >= 0 && _headCount < (_phase == Phase.Preface ? ControlFrames.Preface.Length : FrameHeader.Size) &&
        _phase is >= Phase.Preface and <= Phase.Skip && (_phase is not (Phase.Data or Phase.PadLength) || _dataStream is not null) &&
        (_phase != Phase.Payload || _carryCount < _frame.Length);

    private void Transfer(StateCodec codec)
    {
        TransferAnnounced(codec);
        TransferConnection(codec);
        TransferPeer(codec);
        TransferStreams(codec);
        TransferFrame(codec);
        _decoder.Transfer(codec);
        _recentResets.Transfer(codec);
    }

    // What the peer was told, which newer options do not change.
    private void TransferAnnounced(StateCodec codec)
    {
        int streamWindow = _options.StreamWindow, frameSize = _options.MaxFrameSize, table = _options.HeaderTableBytes;
        codec.Number(ref streamWindow);
        codec.Number(ref frameSize);
        codec.Number(ref table);
        (_options.StreamWindow, _options.MaxFrameSize, _options.HeaderTableBytes) = (streamWindow, frameSize, table);
    }

    private void TransferConnection(StateCodec codec)
    {
        codec.Flag(ref _started);
        codec.Flag(ref _settingsAcknowledged);
        codec.Flag(ref _encoderTableClosed);
        codec.Number(ref _nextStreamId);
        codec.Number(ref _lastPeerStreamId);
        codec.Number(ref _peerStreamsSeen);
        codec.Number(ref _receiveWindow);
        codec.Number(ref _received);
        var (sendWindow, written, goAway) = (SendWindow, BytesWritten, (int)_goAwaySent);
        codec.Number(ref sendWindow);
        codec.Number(ref written);
        codec.Number(ref goAway);
        codec.Number(ref _goAwayLastId);
        (SendWindow, BytesWritten, _goAwaySent) = (sendWindow, written, (GoAwayProgress)goAway);
    }

    private void TransferPeer(StateCodec codec)
    {
        codec.Flag(ref _peerSettingsSeen);
        codec.Number(ref _peerInitialWindow);
        var (streams, frame, list, extended) = (PeerMaxConcurrentStreams, PeerMaxFrameSize, PeerMaxHeaderListBytes, PeerTakesExtendedConnect);
        codec.Number(ref streams);
        codec.Number(ref frame);
        codec.Number(ref list);
        codec.Flag(ref extended);
        (PeerMaxConcurrentStreams, PeerMaxFrameSize, PeerMaxHeaderListBytes, PeerTakesExtendedConnect) = (streams, frame, list, extended);
        var (saidGoAway, last) = (_peerLastStreamId is not null, _peerLastStreamId ?? 0);
        codec.Flag(ref saidGoAway);
        codec.Number(ref last);
        _peerLastStreamId = saidGoAway ? last : null;
    }

    private void TransferStreams(StateCodec codec)
    {
        var count = _streams.Count;
        codec.Number(ref count);
        if (!codec.IsReading)
            foreach (var stream in _streams.ToArray())
                TransferStream(codec, stream.Id, stream);
        for (var i = 0; codec.IsReading && i < Math.Min(count, MostSavedStreams) && !codec.IsBroken; i++)
            TransferStream(codec, 0, null);
    }

    private void TransferStream(StateCodec codec, uint id, Http2Stream? stream)
    {
        codec.Number(ref id);
        stream ??= new Http2Stream(id, 0, 0);
        var (flags, send, receive) = ((int)(stream.Flags & ~StreamFlags.Waiting), stream.SendWindow, stream.ReceiveWindow);
        codec.Number(ref flags);
        codec.Number(ref send);
        codec.Number(ref receive);
        codec.Number(ref stream.ReceiveTarget);
        codec.Number(ref stream.Consumed);
        codec.Number(ref stream.ContentRemaining);
        if (!codec.IsReading || codec.IsBroken || _streams.Find(id) is not null) return;
        (stream.Flags, stream.SendWindow, stream.ReceiveWindow) = ((StreamFlags)flags, send, receive);
        _streams.Add(stream);
        if (stream.Has(StreamFlags.Blocked) && send > 0) _waiting.Add(stream);
    }

    private void TransferFrame(StateCodec codec)
    {
        if (_dataStream is { IsClosed: true } && _phase is Phase.Data or Phase.PadLength) Skip();
        var (phase, dataStream) = ((int)_phase, _phase is Phase.Data or Phase.PadLength ? _dataStream!.Id : 0);
        codec.Number(ref phase);
        codec.Number(ref dataStream);
        (_phase, _dataStream) = ((Phase)phase, _streams.Find(dataStream));
        codec.Number(ref _left);
        codec.Number(ref _dataLeft);
        codec.Number(ref _headCount);
        codec.Raw(_head);
        Span<byte> frame = stackalloc byte[FrameHeader.Size];
        _frame.Write(frame);
        codec.Raw(frame);
        _frame = FrameHeader.Read(frame);
        TransferGathered(codec);
    }

    private void TransferGathered(StateCodec codec)
    {
        codec.Bytes(ref _carry, ref _carryCount);
        codec.Bytes(ref _block, ref _blockCount);
        codec.Number(ref _blockStream);
        codec.Flag(ref _blockEndsStream);
        codec.Number(ref _continuations);
    }
}
