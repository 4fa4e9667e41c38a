using System.Net;
using System.Runtime.CompilerServices;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Buffers;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>What becomes of the client's connection.</summary>
internal enum ExchangeEnd : byte
{
    /// <summary>Another request may follow.</summary>
    KeepAlive,

    /// <summary>An answer was sent whole, and nothing may follow it.</summary>
    Close,

    /// <summary>The client must see that what it got is not whole.</summary>
    Abort,

    /// <summary>Both streams speak another protocol now: <see cref="Exchange.Upgraded"/>.</summary>
    Upgraded,
}

/// <summary>One request and its response: route, rent a connection, request out, response back. One at a time; reused for the next.</summary>
/// <remarks>On the loop only. Allocates nothing for an exchange that has no body to send and an idle connection to rent.</remarks>
internal sealed class Exchange
{
    private readonly ReceiveBuffer _in;
    private readonly SendBuffer _out;
    private readonly RequestHead _request;
    private readonly HttpProxyContext _proxy;
    private readonly EventLoop _loop;
    private readonly BodyTransfer _requestBody, _responseBody;
    private readonly LoopTimer _timeout;

    private UpstreamConnection? _upstream;
    private Task<TransferEnd>? _sending;
    private IPEndPoint? _endpoint;
    private long _began;
    private int _status, _attempts;
    private ExchangeFlag _flag;
    private bool _keepAlive, _responded, _clientLeft;

    public Exchange(EventLoop loop, ReceiveBuffer input, SendBuffer output, RequestHead request, HttpProxyContext proxy)
    {
        (_loop, _in, _out, _request, _proxy) = (loop, input, output, request, proxy);
        (_requestBody, _responseBody) = (new(proxy.Options.Limits), new(proxy.Options.Limits));
        _timeout = new(loop, static exchange => ((Exchange)exchange!).OnTimeout(), this);
    }

    /// <summary>Set after <see cref="ExchangeEnd.Upgraded"/>; the caller takes it over.</summary>
    public UpstreamConnection? Upgraded { get; private set; }

    /// <summary>Still reads the client's body after an answer that did not wait for it; completes when it stops. Null if nothing does.</summary>
    public Task? Unfinished => _sending is { IsCompleted: false } ? _sending : null;

    /// <param name="mayKeepAlive">False if the connection is to end after this exchange.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ExchangeEnd> RunAsync(bool mayKeepAlive)
    {
        Begin(mayKeepAlive);
        var end = await RouteAsync().ConfigureAwait(false);
        _timeout.Cancel();
        _proxy.Observer.Ended(_request, new(_status, _flag, _endpoint, _loop.Time.GetElapsedTime(_began), _attempts));
        return end;
    }

    /// <summary>The client's connection broke: nobody wants the response any more.</summary>
    public void ClientLeft()
    {
        _clientLeft = true;
        _upstream?.Stream.Abort();
    }

    private void Begin(bool mayKeepAlive)
    {
        _keepAlive = mayKeepAlive && _request.KeepAlive;
        (_upstream, _sending, _endpoint, Upgraded) = (null, null, null, null);
        (_status, _attempts, _flag, _responded) = (0, 0, ExchangeFlag.None, false);
        _began = _loop.Time.GetTimestamp();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> RouteAsync()
    {
        if (_request.Form == TargetForm.Authority) return await ReplyAsync(ExchangeFlag.LocalReply, new(405, "CONNECT is not served here.")).ConfigureAwait(false);
        if (_request.Authority.IsEmpty) return await ReplyAsync(ExchangeFlag.LocalReply, new(400, "The request needs a Host header.")).ConfigureAwait(false);
        var route = _proxy.Router.Route(_request);
        if (route.Endpoint is not { } endpoint) return await ReplyAsync(ExchangeFlag.LocalReply, new(route.Status, route.Why)).ConfigureAwait(false);

        _endpoint = endpoint;
        if (route.Timeout > TimeSpan.Zero) _timeout.Start(route.Timeout);
        return await ForwardAsync(endpoint, fresh: false).ConfigureAwait(false) ?? await ForwardAsync(endpoint, fresh: true).ConfigureAwait(false) ?? ExchangeEnd.Abort;
    }

    /// <returns>Null if a connection that had been idle ended without a word, and the request may be sent again on a new one.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd?> ForwardAsync(IPEndPoint endpoint, bool fresh)
    {
        _attempts++;
        var (upstream, failure) = await _proxy.Upstreams.RentAsync(endpoint, fresh).ConfigureAwait(false);
        if (upstream is null) return await ReplyAsync(ExchangeFlag.UpstreamConnectFailed, new(503, $"The server was not reached: {failure.Kind}.")).ConfigureAwait(false);
        _upstream = upstream;
        if (_clientLeft) return Drop(ExchangeFlag.DownstreamEnded);

        upstream.Parser.Expect(_request.Method);
        var framing = MessageForwarding.WriteRequest(upstream.Out, _request);
        if (framing.HasBody) _sending = SendBodyAsync(upstream, framing);
        else await upstream.Out.FlushAsync().ConfigureAwait(false); // a failure shows in the response, or in its absence

        var read = await ReadResponseHeadAsync(upstream).ConfigureAwait(false);
        if (read.Status == IoStatus.Done) return await RespondAsync(upstream, upstream.Parser.Head).ConfigureAwait(false);
        if (MayRetry(upstream)) return Retry();
        return await FailAsync(upstream).ConfigureAwait(false);
    }

    // Started, not awaited: the server may answer before it has the whole body.
    private async Task<TransferEnd> SendBodyAsync(UpstreamConnection upstream, BodyFraming framing)
    {
        var end = await _requestBody.RunAsync(_in, upstream.Out, framing, framing).ConfigureAwait(false);
        if (end is not (TransferEnd.SourceEnded or TransferEnd.SourceRefused)) return end;
        _flag = end == TransferEnd.SourceEnded ? ExchangeFlag.DownstreamEnded : ExchangeFlag.DownstreamRefused;
        upstream.Stream.Abort(); // half a request must not look like a whole one
        return end;
    }

    /// <summary>Reads to the final response's head and passes interim ones on.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<IoResult> ReadResponseHeadAsync(UpstreamConnection upstream)
    {
        while (true)
        {
            var status = upstream.Parser.Feed(upstream.In.Unread, out var consumed);
            upstream.In.Consume(consumed);
            if (status == HeadStatus.Refused) return new(IoStatus.Broken);
            if (status == HeadStatus.Complete && !upstream.Parser.Head.IsInterim) return IoResult.Done(0);
            if (status == HeadStatus.Complete)
            {
                await PassInterimAsync(upstream).ConfigureAwait(false);
                continue;
            }

            var received = await upstream.In.ReceiveAsync().ConfigureAwait(false);
            if (received.Status != IoStatus.Done) return received;
        }
    }

    // RFC 9110 §15.2: a client that speaks HTTP/1.0 does not know them.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask PassInterimAsync(UpstreamConnection upstream)
    {
        if (_request.Version == Http1.HttpVersion.Http11)
        {
            MessageForwarding.WriteResponse(_out, _request, upstream.Parser.Head, keepAlive: true);
            await _out.FlushAsync().ConfigureAwait(false);
        }

        upstream.Parser.Reset();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd?> RespondAsync(UpstreamConnection upstream, ResponseHead head)
    {
        (_status, _responded) = (head.Status, true);
        if (head.Status == 101 && !MessageForwarding.IsUpgrade(_request)) return await FailAsync(upstream, ExchangeFlag.UpstreamRefused).ConfigureAwait(false);
        if (_sending is { IsCompleted: false }) _keepAlive = false; // it answers early: the rest of the body has nowhere to go
        var framing = MessageForwarding.WriteResponse(_out, _request, head, _keepAlive);
        if (head.Status == 101) return await UpgradeAsync(upstream).ConfigureAwait(false);
        if (framing.Kind == BodyKind.UntilClose) _keepAlive = false;

        var end = await _responseBody.RunAsync(upstream.In, _out, head.Framing, framing).ConfigureAwait(false);
        if (end != TransferEnd.Complete) return Drop(FlagOf(end));
        var isClean = head.KeepAlive && (_sending is null || (_sending.IsCompleted && await _sending == TransferEnd.Complete));
        Release(upstream, isClean);
        return _keepAlive && (_sending is null || isClean || await _sending == TransferEnd.Complete) ? ExchangeEnd.KeepAlive : ExchangeEnd.Close;
    }

    private async ValueTask<ExchangeEnd?> UpgradeAsync(UpstreamConnection upstream)
    {
        if ((await _out.FlushAsync().ConfigureAwait(false)).Status != IoStatus.Done) return Drop(ExchangeFlag.DownstreamEnded);
        (_upstream, Upgraded) = (null, upstream);
        return ExchangeEnd.Upgraded;
    }

    // Nothing was answered: say why, unless nobody listens.
    private ValueTask<ExchangeEnd?> FailAsync(UpstreamConnection upstream)
    {
        var flag = _flag != ExchangeFlag.None ? _flag
            : _clientLeft ? ExchangeFlag.DownstreamEnded
            : upstream.Parser.Error.IsNone ? ExchangeFlag.UpstreamEnded
            : ExchangeFlag.UpstreamRefused;
        return FailAsync(upstream, flag);
    }

    private async ValueTask<ExchangeEnd?> FailAsync(UpstreamConnection upstream, ExchangeFlag flag)
    {
        if (_clientLeft || flag == ExchangeFlag.DownstreamEnded) return Drop(ExchangeFlag.DownstreamEnded);
        var reply = flag switch
        {
            ExchangeFlag.TimedOut => new LocalReply(504, "The server did not answer in the time that the route allows."),
            ExchangeFlag.DownstreamRefused => new(_requestBody.Error.Status, _requestBody.Error.Message),
            ExchangeFlag.UpstreamRefused => new(502, $"The server's response was refused: {upstream.Parser.Error.Message}"),
            _ => new(503, "The server ended the connection before it answered."),
        };
        Release(upstream, isClean: false);
        return await ReplyAsync(flag, reply).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> ReplyAsync(ExchangeFlag flag, LocalReply reply)
    {
        (_flag, _status) = (flag, reply.Status);
        if (_request.Framing.HasBody) _keepAlive = false; // its body was not read, or not to the end
        reply.Write(_out, _request, _keepAlive);
        if ((await _out.FlushAsync().ConfigureAwait(false)).Status != IoStatus.Done) return ExchangeEnd.Abort;
        return _keepAlive ? ExchangeEnd.KeepAlive : ExchangeEnd.Close;
    }

    // RFC 9110 §9.2.2: only what may be done twice, and only where the server cannot have begun to answer.
    private bool MayRetry(UpstreamConnection upstream) =>
        upstream.IsReused && !upstream.Parser.IsWithinHead && upstream.Parser.Error.IsNone && _flag == ExchangeFlag.None && !_clientLeft && _sending is null
        && IsIdempotent(_request.Method);

    private ExchangeEnd? Retry()
    {
        Release(_upstream!, isClean: false);
        return null;
    }

    private ExchangeEnd Drop(ExchangeFlag flag)
    {
        if (_flag == ExchangeFlag.None) _flag = flag;
        Release(_upstream!, isClean: false);
        _out.Release();
        return ExchangeEnd.Abort;
    }

    private void Release(UpstreamConnection upstream, bool isClean)
    {
        _upstream = null;
        if (isClean) _proxy.Upstreams.Return(upstream);
        else upstream.Dispose();
    }

    private void OnTimeout()
    {
        if (_upstream is not { } upstream) return;
        _flag = ExchangeFlag.TimedOut;
        upstream.Stream.Abort();
    }

    private ExchangeFlag FlagOf(TransferEnd end) => end switch
    {
        TransferEnd.SinkEnded => ExchangeFlag.DownstreamEnded,
        TransferEnd.SourceRefused => ExchangeFlag.UpstreamRefused,
        _ => _clientLeft ? ExchangeFlag.DownstreamEnded : ExchangeFlag.UpstreamEnded,
    };

    private static bool IsIdempotent(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) || method.SequenceEqual("HEAD"u8) || method.SequenceEqual("OPTIONS"u8)
        || method.SequenceEqual("PUT"u8) || method.SequenceEqual("DELETE"u8) || method.SequenceEqual("TRACE"u8);
}
