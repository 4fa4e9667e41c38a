using System.Runtime.CompilerServices;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Buffers;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.HttpProxy.WebSockets;
using Ambient.Transport;

namespace Ambient.HttpProxy.Downstreams;

/// <summary>A client's HTTP/1.1 connection: requests one after another until either side has had enough. Idle, it holds no buffer.</summary>
/// <remarks>
/// Head in → <see cref="Exchange"/> → next head. On the stream's loop only. Streams complete their waits on the loop, and methods built by
/// <see cref="LoopTaskBuilder{T}"/> resume whoever awaits them there and then with <c>ConfigureAwait(false)</c>, without a detour over the
/// loop's queue. An ordinary task would go to the thread pool instead: every method here that is awaited so has that builder.
/// </remarks>
internal sealed class Http1Connection : IClientConnection, IBreakWatcher, IRelayOwner
{
    private const int RequestsPerTurn = 16; // that came together and are answered at once; then others have their turn

    private readonly Duplex _stream;
    private readonly HttpProxyContext _proxy;
    private readonly IExchangeOwner _owner;
    private readonly RequestParser _parser;
    private readonly ReceiveBuffer _in;
    private readonly SendBuffer _out;
    private readonly Http1Downstream _downstream;
    private readonly Exchange _exchange;
    private readonly LoopTimer _timer;
    private readonly TaskCompletionSource _relayed = new();
    private Http1Upstream? _upgraded;
    private WebSocketStream? _toClient, _toServer;
    private bool _draining;
    private Wait _wait;

    /// <summary>What the client is given a time for.</summary>
    private enum Wait : byte
    {
        Nothing,
        Request,
        RestOfHead,
        End,
    }

    /// <param name="input">May hold the beginning of the first request.</param>
    public Http1Connection(Duplex stream, ReceiveBuffer input, HttpProxyContext proxy, IExchangeOwner owner)
    {
        (_stream, _in, _proxy, _owner) = (stream, input, proxy, owner);
        (_out, _parser) = (new(stream), new(proxy.Options.Limits));
        _downstream = new(stream, _in, _out, _parser.Head, proxy.Options.Limits);
        _exchange = new(stream.Loop, proxy);
        _timer = new(stream.Loop, static connection => ((Http1Connection)connection!).OnTimeout(), this);
        stream.BreakWatcher = this;
    }

    /// <summary>The next response that has not begun is the last. Without a request it is closed in a while: one may be on its way, and closing would lose it.</summary>
    public void BeginDrain()
    {
        _draining = true;
        if (!_downstream.HasResponded) _downstream.EndConnection();
        if (_wait == Wait.Request) _timer.Start(_proxy.Options.DrainIdleTimeout);
    }

    public void Expire()
    {
        if (_toClient is not null)
        {
            _toClient.Close();
            _toServer!.Close();
        }
        else if (!_exchange.TryExpire()) Abort();
    }

    public void Abort()
    {
        _upgraded?.Stream.Abort();
        _stream.Abort();
        _exchange.ClientLeft();
    }

    void IBreakWatcher.Broken(Duplex stream) => _exchange.ClientLeft();

    void IRelayOwner.RelayEnded(RelayOutcome outcome) => _relayed.SetResult();

    void IRelayOwner.RelayFailed(Exception defect)
    {
        _owner.Failed(defect);
        _relayed.SetResult();
    }

    public async Task ServeAsync(bool draining)
    {
        _draining = draining;
        var end = ExchangeEnd.Abort;
        try
        {
            end = await ServeRequestsAsync().ConfigureAwait(false);
            if (end == ExchangeEnd.Complete) await LingerAsync().ConfigureAwait(false);
        }
        catch (Exception defect)
        {
            _owner.Failed(defect);
            end = ExchangeEnd.Abort;
        }

        if (end == ExchangeEnd.Upgraded) await _relayed.Task;
        if (end == ExchangeEnd.Abort) _stream.Abort();
        End();
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> ServeRequestsAsync()
    {
        for (var atOnce = 0; ;)
        {
            var head = ReadHead();
            if (head == HeadStatus.Refused) return await RefuseAsync(new(_parser.Error.Status, _parser.Error.Message)).ConfigureAwait(false);
            if (head == HeadStatus.NeedsMore)
            {
                var received = _in.TryReceive().Status;
                if (received == IoStatus.WouldBlock)
                {
                    await WaitForRequestAsync().ConfigureAwait(false);
                    atOnce = 0;
                }
                else if (received != IoStatus.Done) return _parser.IsWithinHead ? ExchangeEnd.Abort : ExchangeEnd.Complete;
                continue;
            }

            _downstream.BeginExchange(mayKeepAlive: !_draining);
            var end = await _exchange.RunAsync(_downstream, _owner).ConfigureAwait(false);
            _parser.Reset();
            if (end == ExchangeEnd.Upgraded) await RelayAsync(_exchange.Upgraded!).ConfigureAwait(false);
            if (end != ExchangeEnd.Complete || !_downstream.KeepsAlive) return end;
            if (++atOnce % RequestsPerTurn == 0) await _stream.Loop.Yield();
        }
    }

    private HeadStatus ReadHead()
    {
        var status = _parser.Feed(_in.Unread, out var consumed);
        _in.Consume(consumed);
        if (status == HeadStatus.Complete) _wait = Wait.Nothing; // the timer runs on: most requests are over before, and it is started anew
        return status;
    }

    // The first byte has long. The rest has not, however it trickles.
    private ValueTask WaitForRequestAsync()
    {
        if (!_parser.IsWithinHead) Expect(Wait.Request, _draining ? _proxy.Options.DrainIdleTimeout : _proxy.Options.IdleTimeout);
        else if (_wait != Wait.RestOfHead) Expect(Wait.RestOfHead, _proxy.Options.HeaderTimeout);
        return _in.WaitAsync();
    }

    private void Expect(Wait wait, TimeSpan timeout)
    {
        _wait = wait;
        _timer.Start(timeout);
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> RefuseAsync(LocalReply reply)
    {
        _wait = Wait.Nothing;
        if (_proxy.Refusals.BeginPause())
        {
            _in.Release();
            await _stream.Loop.DelayAsync(_proxy.Options.FloodPause);
            _proxy.Refusals.EndPause();
        }

        reply.WriteToUnreadable(_out);
        _owner.Ended(_parser.Head, new(reply.Status, ExchangeFlag.DownstreamRefused, null, null, RoutePlan.Default, TimeSpan.Zero, 0));
        return await _out.FlushAsync().ConfigureAwait(false) ? ExchangeEnd.Complete : ExchangeEnd.Abort;
    }

    // What either side sent behind its head comes first.
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    private async ValueTask RelayAsync(Http1Upstream upstream)
    {
        _upgraded = upstream;
        var (toClient, toServer) = (new WebSocketStream(_stream, isServer: false), new WebSocketStream(upstream.Stream, isServer: true));
        await PassRestAsync(_in, upstream.Out, toServer).ConfigureAwait(false);
        await PassRestAsync(upstream.In, _out, toClient).ConfigureAwait(false);
        (_toClient, _toServer) = (toClient, toServer);
        Relay.Start(toClient, toServer, new(), this);
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    private static async ValueTask PassRestAsync(ReceiveBuffer from, SendBuffer to, WebSocketStream side)
    {
        if (!from.IsEmpty)
        {
            side.Follow(from.Unread);
            System.Buffers.BuffersExtensions.Write(to, from.Unread);
            from.Release();
        }

        await to.FlushAsync().ConfigureAwait(false);
    }

    // Closing with bytes unread would reset the connection, and the reset could destroy our answer on its way (RFC 9112 §9.6).
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    private async ValueTask LingerAsync()
    {
        Expect(Wait.End, _proxy.Options.LingerTimeout);
        if (!await _out.FinishAsync().ConfigureAwait(false)) return;
        do _in.Release();
        while ((await _in.ReceiveAsync().ConfigureAwait(false)).Status == IoStatus.Done);
    }

    private void OnTimeout()
    {
        if (_wait == Wait.RestOfHead) _ = AnswerLateAsync();
        else if (_wait != Wait.Nothing) Close();
    }

    private async Task AnswerLateAsync()
    {
        new LocalReply(408, "The request's head did not come in time.").WriteToUnreadable(_out);
        await _out.FlushAsync().ConfigureAwait(false);
        Close();
    }

    // Whoever waits for the stream wakes up and ends.
    private void Close()
    {
        _stream.FinishSending();
        _stream.Dispose();
    }

    private void End()
    {
        _timer.Cancel();
        _parser.Reset();
        _in.Release();
        _out.Release();
        _upgraded?.Dispose();
        _stream.Dispose();
    }
}
