using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>One request and its response: route, then attempts until one is answered well enough, then the response. Reused for the next.</summary>
/// <remarks>Knows neither side's protocol. On the loop only. Allocates nothing for an exchange that finds a connection.</remarks>
internal sealed partial class Exchange
{
    private readonly HttpProxyContext _proxy;
    private readonly EventLoop _loop;
    private readonly RequestUpload _upload;
    private readonly BodyTransfer _responseBody = new();
    private readonly Action<TransferEnd> _uploadFailed;
    private readonly LoopTimer _timeout, _tryTimeout;
    private readonly List<UpstreamEndpoint> _tried = [];

    private DownstreamStream _downstream = null!;
    private RequestHead _request = null!;
    private RoutePlan _plan = RoutePlan.Default;
    private long _began;
    private int _status;
    private ExchangeFlag _flag;
    private bool _clientLeft, _retries;

    public Exchange(EventLoop loop, HttpProxyContext proxy)
    {
        (_loop, _proxy, _uploadFailed) = (loop, proxy, UploadFailed);
        _upload = new(loop.Slabs, proxy.Replays, proxy.Options.ReplayBytes);
        _timeout = new(loop, static exchange => ((Exchange)exchange!).GiveUp(ExchangeFlag.TimedOut), this);
        _tryTimeout = new(loop, static exchange => ((Exchange)exchange!).GiveUpAttempt(), this);
    }

    /// <summary>Set after <see cref="ExchangeEnd.Upgraded"/>; the caller takes it over.</summary>
    public Http1Upstream? Upgraded { get; private set; }

    /// <summary>Nothing of it is left when this completes, also with an error.</summary>
    /// <param name="downstream">Its request has been read.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ExchangeEnd> RunAsync(DownstreamStream downstream)
    {
        Begin(downstream);
        try
        {
            return await RouteAsync().ConfigureAwait(false);
        }
        finally
        {
            _timeout.Cancel();
            _tryTimeout.Cancel();
            if (_upstream is { } left) Release(left, isClean: false);
            await _upload.StopAsync().ConfigureAwait(false);
            _upload.Settle();
            var endpoint = _tried.Count > 0 ? _tried[^1].Address : null;
            _proxy.Observer.Ended(_request, new(_status, _flag, endpoint, _loop.Time.GetElapsedTime(_began), _tried.Count));
        }
    }

    /// <summary>The client's side broke: nobody wants the response any more. To be called while it runs.</summary>
    public void ClientLeft()
    {
        _clientLeft = true;
        _upstream?.Abort();
    }

    private void Begin(DownstreamStream downstream)
    {
        (_downstream, _request) = (downstream, downstream.Request);
        (_upstream, Upgraded) = (null, null);
        (_status, _flag, _clientLeft) = (0, ExchangeFlag.None, false);
        _tried.Clear();
        _upload.Begin(downstream.RequestBody, _request.Framing.HasBody);
        _began = _loop.Time.GetTimestamp();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> RouteAsync()
    {
        if (_request.Form == TargetForm.Authority) return await ReplyAsync(ExchangeFlag.LocalReply, new(405, "CONNECT is not served here.")).ConfigureAwait(false);
        if (_request.Authority.IsEmpty) return await ReplyAsync(ExchangeFlag.LocalReply, new(400, "The request needs a Host header.")).ConfigureAwait(false);
        var route = _proxy.Router.Route(_request);
        if (route.Cluster is not { } cluster) return await ReplyAsync(ExchangeFlag.LocalReply, new(route.Status, route.Why)).ConfigureAwait(false);

        _plan = route.Plan;
        if (_plan.Timeout > TimeSpan.Zero) _timeout.Start(_plan.Timeout);
        _upload.Keeps = _request.Framing.HasBody && _plan.Retries.NeedsBody(GrpcStatus.IsGrpc(_request.Fields), cluster.MaySpeakHttp2);
        cluster.Retries.Begin();
        try
        {
            return await AttemptAsync(cluster).ConfigureAwait(false);
        }
        finally
        {
            if (_retries) cluster.Retries.EndRetry();
            _retries = false;
            cluster.Retries.End();
        }
    }

    /// <summary>Tries servers until an answer is good enough, or is the last that may be had.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> AttemptAsync(UpstreamCluster cluster)
    {
        while (true)
        {
            if (cluster.Pick(_proxy.Random, _tried) is not { } endpoint)
                return await ReplyAsync(ExchangeFlag.NoServer, new(503, $"{cluster.Name} has no server that is ready.")).ConfigureAwait(false);
            _tried.Add(endpoint);
            endpoint.Begin();
            try
            {
                var attempt = await TryAsync(endpoint).ConfigureAwait(false);
                if (!Deserves(attempt) || !MayRetry(cluster)) return await ConcludeAsync(attempt).ConfigureAwait(false);
            }
            finally
            {
                endpoint.End();
            }

            await PauseAsync().ConfigureAwait(false);
            if (_flag != ExchangeFlag.None || _clientLeft) return await FailAsync(default).ConfigureAwait(false);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> ConcludeAsync(AttemptResult attempt) => attempt.IsAnswered
        ? await RespondAsync(_upstream!).ConfigureAwait(false)
        : await FailAsync(attempt).ConfigureAwait(false);

    /// <summary>True if another attempt is wanted, allowed, and possible: what was sent of the body can be sent again.</summary>
    private bool Deserves(in AttemptResult attempt) =>
        _tried.Count <= _plan.Retries.Attempts && _upload.MayRepeat && _flag == ExchangeFlag.None && !_clientLeft
        && (attempt.IsAnswered
            ? _plan.Retries.CoversAnswer(attempt.Status, attempt.GrpcStatus)
            : _plan.Retries.CoversNoAnswer(attempt.Sent, attempt.Refused));

    // One place in the budget from the first retry to the end of the exchange: it is a retry that is under way all that time.
    private bool MayRetry(UpstreamCluster cluster) => _retries || (_retries = cluster.Retries.TryBeginRetry());

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask PauseAsync()
    {
        await BreakOffAsync().ConfigureAwait(false);
        await _loop.DelayAsync(_plan.Retries.Backoff(_tried.Count, _proxy.Random));
    }

    // Nothing was answered that could be passed on: say why, unless nobody listens.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> FailAsync(AttemptResult attempt)
    {
        var flag = _clientLeft ? ExchangeFlag.DownstreamEnded : _flag != ExchangeFlag.None ? _flag : attempt.Flag;
        await BreakOffAsync().ConfigureAwait(false);
        if (flag == ExchangeFlag.DownstreamEnded)
        {
            (_flag, _status) = (flag, 0);
            return ExchangeEnd.Abort;
        }

        var error = _downstream.RequestBody.Error;
        return await ReplyAsync(flag, flag switch
        {
            ExchangeFlag.TimedOut => new(504, "The server did not answer in the time that the route allows."),
            ExchangeFlag.DownstreamRefused => new(error.Status, error.Message),
            ExchangeFlag.UpstreamRefused => new(502, $"The server's response was refused: {attempt.Why}"),
            ExchangeFlag.UpstreamConnectFailed => new(503, $"The server was not reached: {attempt.Why}."),
            _ => new(503, "The server ended the connection before it answered."),
        }).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> ReplyAsync(ExchangeFlag flag, LocalReply reply)
    {
        (_flag, _status) = (flag, reply.Status);
        if (!_upload.IsSent) _downstream.EndConnection(); // its body was not read, or not to the end
        reply.Write(_downstream);
        return await _downstream.ResponseBody.FlushAsync(untilRoom: false).ConfigureAwait(false) ? ExchangeEnd.Complete : ExchangeEnd.Abort;
    }

    private void GiveUp(ExchangeFlag flag)
    {
        if (_flag == ExchangeFlag.None) _flag = flag;
        _upstream?.Abort();
    }

    /// <summary>Ends the attempt under way, and what it is being sent.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask BreakOffAsync()
    {
        if (_upstream is { } failed) Release(failed, isClean: false);
        await _upload.StopAsync().ConfigureAwait(false);
    }

    private void Release(UpstreamStream upstream, bool isClean)
    {
        _upstream = null;
        upstream.Release(isClean);
    }

    private static int GrpcStatusOf(FieldSection fields) =>
        fields.TryGet("grpc-status"u8, out var text) && Utf8Parser.TryParse(text, out uint status, out var read) && read == text.Length && status <= int.MaxValue
            ? (int)status : -1;
}
