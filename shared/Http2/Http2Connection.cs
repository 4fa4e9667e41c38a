using Ambient.Http2.Frames;
using Ambient.Http2.Hpack;
using Ambient.Http2.Streams;

namespace Ambient.Http2;

/// <summary>
/// One HTTP/2 connection (RFC 9113) without sockets, TLS or clocks of its own: bytes go in through <see cref="Receive"/>,
/// events come out of <see cref="IHttp2Handler"/>, frames go to <see cref="IHttp2Output"/>.
/// </summary>
/// <remarks>
/// Belongs to one thread at a time. Never throws for what a peer does; throws <see cref="InvalidOperationException"/> for
/// what the owner must not do. Buffers no content. Holds no rented memory between whole frames.
/// </remarks>
public sealed partial class Http2Connection
{
    private const int DefaultWindow = 65535;      // RFC 9113 §6.9.2
    private const int DefaultFrameSize = 16384;   // RFC 9113 §6.5.2
    private const uint MaxStreamId = 0x7FFF_FFFF; // RFC 9113 §5.1.1

    private readonly Http2Options _options;
    private readonly IHttp2Handler _handler;
    private readonly IHttp2Output _output;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly StreamTable _streams = new();
    private readonly RecentResets _recentResets = new();
    private readonly HpackDecoder _decoder;
    private WaitingStreams _waiting;
    private uint _nextStreamId = 1;     // client: the next stream that we open
    private uint _lastPeerStreamId;     // server: the highest stream that the peer opened
    private uint _peerStreamsSeen;      // server: how many it opened, to know whether it left numbers out
    private bool _started;

    /// <param name="options">Shared and not changed afterwards.</param>
    /// <param name="time">For rates and timeouts only.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names all of them.</exception>
    public Http2Connection(Http2Role role, Http2Options options, IHttp2Handler handler, IHttp2Output output, TimeProvider time)
    {
        if (options.Problems() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join(" ", problems), nameof(options));
        Role = role;
        _options = options;
        _handler = handler;
        _output = output;
        _time = time;
        _startedAt = time.GetTimestamp();
        _phase = role == Http2Role.Server ? Phase.Preface : Phase.Header;
        _decoder = new HpackDecoder(options.HeaderTableBytes);
        _receiveWindow = DefaultWindow;
        PeerMaxConcurrentStreams = role == Http2Role.Client ? options.AssumedMaxConcurrentStreams : 0;
    }

    public Http2Role Role { get; }

    /// <summary>Why we ended the connection; null while it is open or if nothing was wrong.</summary>
    public Http2Error? Error { get; private set; }

    /// <summary>Nothing more will be received or sent. What was written should still be flushed.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>One side has sent GOAWAY: no new streams; those that are open go on.</summary>
    public bool IsDraining => _goAwaySent != GoAwayProgress.None || _peerLastStreamId is not null || IsEnded;

    /// <summary>The draining is done: no streams are left and none can come. Time to close the transport.</summary>
    public bool IsDrained => _streams.Count == 0 &&
        (IsEnded || _goAwaySent == GoAwayProgress.Final || (_peerLastStreamId is not null && Role == Http2Role.Client));

    /// <summary>Streams that are open or half-closed.</summary>
    public int OpenStreams => _streams.Count;

    /// <summary>Client: <see cref="TryOpen"/> would succeed now.</summary>
    public bool CanOpen => Role == Http2Role.Client && !IsDraining && _streams.Count < PeerMaxConcurrentStreams &&
        _nextStreamId <= MaxStreamId;

    /// <summary>How many bytes were written so far, those announced with <see cref="BeginData"/> included.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>The peer has begun a header block, or the preface, and not ended it: one that is silent now may be timed out.</summary>
    public bool IsWithinHeaders => _blockStream != 0 || _phase == Phase.Preface || (_phase == Phase.Payload && _frame.Type == FrameType.Headers);

    /// <summary>The streams that are open now, by number. A copy: for dumps and for ending things, not for hot paths.</summary>
    public IReadOnlyList<Http2Stream> Streams() => _streams.ToArray();

    /// <summary>The open stream of that number, or null.</summary>
    public Http2Stream? Find(uint streamId) => _streams.Find(streamId);

    /// <summary>Writes what comes first: preface (client), SETTINGS and the connection's WINDOW_UPDATE.</summary>
    /// <exception cref="InvalidOperationException">Called a second time.</exception>
    public void Start()
    {
        if (_started) throw new InvalidOperationException("The connection was started before.");
        _started = true;
        if (Role == Http2Role.Client) Emit(ControlFrames.Preface);
        WriteSettings();
        GrowConnectionWindow(_options.ConnectionWindow - DefaultWindow);
    }

    private bool IsServer => Role == Http2Role.Server;

    /// <summary>Milliseconds since the connection was made; never goes back.</summary>
    private long Now => (long)_time.GetElapsedTime(_startedAt).TotalMilliseconds;

    private void Emit(ReadOnlySpan<byte> frames)
    {
        BytesWritten += frames.Length;
        _output.Write(frames);
    }

    private void CloseIfDone(Http2Stream stream)
    {
        const StreamFlags both = StreamFlags.LocalEnded | StreamFlags.RemoteEnded;
        if ((stream.Flags & both) == both) Close(stream);
    }

    private void Close(Http2Stream stream)
    {
        if (stream.IsClosed) return;
        stream.Flags |= StreamFlags.Closed;
        _streams.Remove(stream);
        _waiting.Remove(stream);
        _handler.OnStreamClosed(stream);
    }

    /// <summary>No one can have used that number yet (RFC 9113 §5.1.1).</summary>
    private bool IsIdle(uint streamId) =>
        (streamId & 1) == 0 || (IsServer ? streamId > _lastPeerStreamId : streamId >= _nextStreamId);
}
