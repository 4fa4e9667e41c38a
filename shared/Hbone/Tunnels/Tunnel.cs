using Ambient.Http2;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <summary>
/// One HTTP/2 connection over mutual TLS that carries CONNECT streams, as client or as server. It belongs to one loop; every
/// member is for that loop's thread only.
/// </summary>
/// <remarks>
/// Reading: <c>wire → open records in place → HTTP/2 → arrivals → readers</c>, one batch at a time. Writing: streams fill
/// records in place, one flush per loop turn. All state needed to move a live tunnel to another process lies in the wire's
/// descriptor, <see cref="TlsSession"/>, <see cref="Http2Connection"/> and the two buffers.
/// </remarks>
public sealed partial class Tunnel : IDisposable, ICarried
{
    private static readonly TimeSpan AcknowledgeWithin = TimeSpan.FromSeconds(2);

    private readonly Duplex _wire;
    private readonly TlsSession _tls;
    private readonly Http2Connection _http2;
    private readonly TunnelOptions _options;
    private readonly ITunnelServer? _server;

    /// <summary>Takes over <paramref name="wire"/> and <paramref name="tls"/>.</summary>
    /// <param name="server">Receives the peer's CONNECTs; null for the client's side.</param>
    public Tunnel(Duplex wire, TlsSession tls, PeerIdentity peer, TunnelOptions options, ITunnelServer? server)
    {
        _wire = wire;
        _tls = tls;
        _options = options;
        _server = server;
        Peer = peer;
        _output = new(wire, tls);
        _blockedSignal = new(wire.Loop);
        _liveness = new(wire.Loop, static tunnel => ((Tunnel)tunnel!).CheckLiveness(), this);
        _http2 = new(server is null ? Http2Role.Client : Http2Role.Server, options.ToHttp2(server is null), this, this, wire.Loop.Time);
    }

    public EventLoop Loop => _wire.Loop;

    /// <summary>Who is at the other end, as its verified certificate says.</summary>
    public PeerIdentity Peer { get; }

    /// <summary>Streams that are open now.</summary>
    public int OpenStreams => _http2.OpenStreams;

    public bool IsClosed { get; private set; }

    /// <summary>It takes no new streams: this side drains it, or the server has sent GOAWAY.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Why the tunnel ended; null while it lives.</summary>
    public TunnelEnd? End { get; private set; }

    /// <summary>Called each time a stream has gone, when the peer sends GOAWAY, and when the tunnel is closed: the pool's view of free slots changed.</summary>
    public Action<Tunnel>? SlotsChanged { get; set; }

    /// <summary>Sends the preface and carries the tunnel until it ends.</summary>
    /// <param name="leftover">Bytes that came with the end of the handshake.</param>
    /// <returns>Completes, never with an error, once the tunnel is closed and all its streams are told.</returns>
    public Task RunAsync(ReadOnlyMemory<byte> leftover)
    {
        _http2.Start();
        _liveness.Start(_options.PingAfter);
        FlushAtTurnEnd();
        ReadLeftover(leftover);
        return Task.WhenAll(GuardAsync(ReadAsync), GuardAsync(DrainWhenBlockedAsync));
    }

    private async Task ReadAsync()
    {
        while (!IsClosed)
        {
            switch (ReadBatch())
            {
                case BatchEnd.Empty: await _wire.WaitReadableAsync(); break;
                case BatchEnd.Budget: await Loop.Yield(); break;
            }
        }
    }

    /// <summary>A defect in one tunnel's handling ends that tunnel and nothing else.</summary>
    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception error)
        {
            Close(TunnelEnd.Internal(error));
        }
    }

    /// <summary>
    /// Takes no new streams, tells the peer (GOAWAY in two steps, RFC 9113 §6.8) and closes when the last stream has gone. A peer
    /// that does not acknowledge the first step within 2 s is not waited for.
    /// </summary>
    public void Drain()
    {
        if (IsClosed || IsDraining) return;
        IsDraining = true;
        if (_server is not null)
        {
            _http2.GoAwayGraceful();
            _acknowledging = Loop.StartTimer(AcknowledgeWithin, static tunnel => ((Tunnel)tunnel!).CloseIfDrained(), this);
        }
        CloseIfDrained(); // a client just stops asking
    }

    void ICarried.BeginDrain() => Drain();

    void ICarried.Abort() => Close(TunnelEnd.Drained);

    /// <summary>Ends the tunnel now: GOAWAY and close_notify as far as the wire takes them, streams are cut.</summary>
    public void Close(TunnelEnd end)
    {
        if (IsClosed) return;
        IsClosed = true; // before streams are cut: the last one to go would end a tunnel that drains
        End = end;
        if (end.TellPeer && !_wire.IsBroken)
        {
            _http2.GoAway(end.Code);
            _output.Flush(); // close_notify comes after it
            _tls.Close();
            _output.Flush();
        }
        _liveness.Cancel();
        _acknowledging?.Cancel();
        BreakStreams(end.Code);
        _output.Dispose();
        ReturnInput();
        _tls.Dispose();
        _wire.Dispose();
        _blockedSignal.Set();
        SlotsChanged?.Invoke(this);
    }

    public void Dispose() => Close(TunnelEnd.Local);

    private LoopTimer? _acknowledging;

    private void CloseIfDrained()
    {
        if (!IsDraining || IsClosed || OpenStreams > 0) return;
        if (_server is null || _http2.IsDrained || _acknowledging is { IsRunning: false }) Close(TunnelEnd.Drained);
    }
}
