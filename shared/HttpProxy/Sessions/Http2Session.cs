using Ambient.Http2;
using Ambient.Transport;

namespace Ambient.HttpProxy.Sessions;

/// <summary>One HTTP/2 connection over a stream, the client's or a server's side of it. On the stream's loop only.</summary>
/// <remarks>
/// Reading: <c>wire → frames → what each message holds</c>, a batch at a time; then the messages that were touched run. Writing: messages fill
/// the output while it has room, one flush per loop turn. What a connection holds is bounded by its window in one direction, and in the
/// other by <see cref="MostBuffered"/> and the peer's unwillingness to read, which stops us from reading it.
/// </remarks>
internal abstract partial class Http2Session
{
    private readonly Duplex _wire;
    private readonly HttpProxyOptions _options;
    private readonly LoopTimer _liveness, _ending;
    private State _state;

    private enum State : byte
    {
        Open,

        /// <summary>The peer floods: it is answered nothing for a while, and what comes is dropped.</summary>
        Calming,

        /// <summary>Our last byte is written; what comes is dropped until the peer ends too, or is not waited for any longer.</summary>
        Lingering,
        Closed,
    }

    protected Http2Session(Http2Role role, Duplex wire, Http2Options http2, HttpProxyOptions options)
    {
        (_wire, _options, _output) = (wire, options, new(wire));
        (_drained, _blocked) = (new(wire.Loop), new(wire.Loop));
        _liveness = new(wire.Loop, static session => ((Http2Session)session!).CheckLiveness(), this);
        _ending = new(wire.Loop, static session => ((Http2Session)session!).OnEnding(), this);
        Http2 = new(role, http2, this, this, wire.Loop.Time);
    }

    public EventLoop Loop => _wire.Loop;

    /// <summary>Where frames are made and read.</summary>
    public Http2Connection Http2 { get; }

    /// <summary>No stream can be opened or used any more.</summary>
    public bool IsOver => _state != State.Open;

    /// <summary>How both sides speak HTTP/2 with a proxy.</summary>
    /// <remarks>A client's window is given back as bytes are consumed: it bounds what all its streams together make us hold. A server's is at once: clients
    /// that have nothing to do with each other share it, and one that does not read would hold up the others.</remarks>
    public static Http2Options OptionsOf(Http2Role role, HttpProxyOptions options) => new()
    {
        StreamWindow = options.Http2StreamWindow,
        ConnectionWindow = options.Http2ConnectionWindow,
        ConnectionCredit = role == Http2Role.Server ? ConnectionCredit.OnConsumption : ConnectionCredit.OnReceipt,
        MaxConcurrentStreams = options.Http2Streams,
        MaxFrameSize = 64 * 1024,
        MaxHeaderListBytes = options.Limits.HeadBytes,
        HeaderTableBytes = 4096,
        ExtendedConnect = true,
    };

    /// <summary>A defect of ours, which ended this connection.</summary>
    public abstract void Failed(Exception defect);

    /// <summary>The connection is closed; no stream is left.</summary>
    protected virtual void OnClosed()
    {
    }

    /// <summary>Sends the preface and serves until the connection is closed. Never fails.</summary>
    /// <param name="received">What came already.</param>
    protected Task RunAsync(ReadOnlyMemory<byte> received)
    {
        Http2.Start();
        _liveness.Start(CheckInterval);
        return Task.WhenAll(GuardAsync(() => ReadAsync(received)), GuardAsync(WriteAsync));
    }

    /// <summary>Takes no new streams, and closes when those that are open have ended (GOAWAY in two steps, RFC 9113 §6.8).</summary>
    public void Drain()
    {
        if (IsOver) return;
        Http2.GoAwayGraceful();
        FinishIfDrained();
    }

    /// <summary>Ends it now, like a reset.</summary>
    public void Abort()
    {
        if (_state == State.Closed) return;
        _wire.Abort();
        Close();
    }

    /// <summary>The connection has said its last: what was written is sent, and the peer given the time to read it (RFC 9113 §9.1 with RFC 9112 §9.6).</summary>
    private void Finish()
    {
        if (IsOver) return;
        _liveness.Cancel();
        Linger();
    }

    // Told at once, who floods would be back at once, with a new connection.
    private void Calm()
    {
        if (IsOver) return; // a message that was told may have ended it meanwhile
        _state = State.Calming;
        _liveness.Cancel();
        _ending.Start(_options.FloodPause);
    }

    private void Linger()
    {
        _state = State.Lingering;
        _ending.Start(_options.LingerTimeout);
        Flush();
    }

    private void OnEnding()
    {
        if (_state == State.Calming) Linger();
        else Close();
    }

    private void FinishIfDrained()
    {
        if (!Http2.IsDrained || IsOver) return;
        Finish();
    }

    private void Close()
    {
        if (_state == State.Closed) return;
        _state = State.Closed;
        _liveness.Cancel();
        _ending.Cancel();
        Http2.Abandon(Http2ErrorCode.Cancel);
        Settle();
        _output.Release();
        _wire.Dispose();
        _drained.SetSoon();
        _blocked.SetSoon();
        OnClosed();
    }

    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception defect)
        {
            Failed(defect);
            Abort();
        }
    }
}
