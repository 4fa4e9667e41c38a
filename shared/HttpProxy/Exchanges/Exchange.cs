using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Buffers;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>One request and its response: route, then attempts until one is answered well enough, then the response. Reused for the next.</summary>
/// <remarks>On the loop only. Allocates nothing for an exchange that has no body to send and finds an idle connection.</remarks>
internal sealed partial class Exchange
{
    private readonly ReceiveBuffer _in;
    private readonly SendBuffer _out;
    private readonly RequestHead _request;
    private readonly HttpProxyContext _proxy;
    private readonly EventLoop _loop;
    private readonly BodyTransfer _requestBody, _responseBody;
    private readonly LoopTimer _timeout, _tryTimeout;
    private readonly List<UpstreamEndpoint> _tried = [];

    private RoutePlan _plan = RoutePlan.Default;
    private long _began;
    private int _status;
    private ExchangeFlag _flag;
    private bool _keepAlive, _clientLeft, _retries;

    public Exchange(EventLoop loop, ReceiveBuffer input, SendBuffer output, RequestHead request, HttpProxyContext proxy)
    {
        (_loop, _in, _out, _request, _proxy) = (loop, input, output, request, proxy);
        (_requestBody, _responseBody) = (new(proxy.Options.Limits), new(proxy.Options.Limits));
        _timeout = new(loop, static exchange => ((Exchange)exchange!).GiveUp(ExchangeFlag.TimedOut), this);
        _tryTimeout = new(loop, static exchange => ((Exchange)exchange!).GiveUpAttempt(), this);
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
        _tryTimeout.Cancel();
        var endpoint = _tried.Count > 0 ? _tried[^1].Address : null;
        _proxy.Observer.Ended(_request, new(_status, _flag, endpoint, _loop.Time.GetElapsedTime(_began), _tried.Count));
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
        (_upstream, _sending, Upgraded) = (null, null, null);
        (_status, _flag) = (0, ExchangeFlag.None);
        _tried.Clear();
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

    /// <summary>True if another attempt is wanted, allowed, and possible: of a body that has begun to be sent nothing is kept.</summary>
    private bool Deserves(in AttemptResult attempt) =>
        _tried.Count <= _plan.Retries.Attempts && _sending is null && _flag == ExchangeFlag.None && !_clientLeft
        && (attempt.IsAnswered ? _plan.Retries.CoversAnswer(attempt.Status, attempt.GrpcStatus) : _plan.Retries.CoversNoAnswer(attempt.Sent));

    // One place in the budget from the first retry to the end of the exchange: it is a retry that is under way all that time.
    private bool MayRetry(UpstreamCluster cluster) => _retries || (_retries = cluster.Retries.TryBeginRetry());

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask PauseAsync()
    {
        if (_upstream is { } unwanted) Release(unwanted, isClean: false);
        await _loop.DelayAsync(_plan.Retries.Backoff(_tried.Count, _proxy.Random));
    }

    // Nothing was answered that could be passed on: say why, unless nobody listens.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> FailAsync(AttemptResult attempt)
    {
        var flag = _clientLeft ? ExchangeFlag.DownstreamEnded : _flag != ExchangeFlag.None ? _flag : attempt.Flag;
        if (_upstream is { } failed) Release(failed, isClean: false);
        if (flag == ExchangeFlag.DownstreamEnded)
        {
            (_flag, _status) = (flag, 0);
            return ExchangeEnd.Abort;
        }

        return await ReplyAsync(flag, flag switch
        {
            ExchangeFlag.TimedOut => new(504, "The server did not answer in the time that the route allows."),
            ExchangeFlag.DownstreamRefused => new(_requestBody.Error.Status, _requestBody.Error.Message),
            ExchangeFlag.UpstreamRefused => new(502, $"The server's response was refused: {attempt.Why}"),
            ExchangeFlag.UpstreamConnectFailed => new(503, $"The server was not reached: {attempt.Why}."),
            _ => new(503, "The server ended the connection before it answered."),
        }).ConfigureAwait(false);
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

    private void GiveUp(ExchangeFlag flag)
    {
        if (_flag == ExchangeFlag.None) _flag = flag;
        _upstream?.Stream.Abort();
    }

    private void Release(UpstreamConnection upstream, bool isClean)
    {
        _upstream = null;
        if (isClean) _proxy.Upstreams.Return(upstream);
        else upstream.Dispose();
    }

    private static int GrpcStatusOf(FieldSection fields) =>
        fields.TryGet("grpc-status"u8, out var text)
        && int.TryParse(Encoding.ASCII.GetString(text), NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : -1;
}
