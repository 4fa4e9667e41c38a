using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Ambient.Grpc.Headers;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Mirrors;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Resilience;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.HttpProxy.WebSockets;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>One request and its response: route, then attempts until one is answered well enough, then the response. Reused for the next.</summary>
/// <remarks>Knows neither side's protocol. On the loop only. Allocates nothing for an exchange that finds a connection.</remarks>
internal sealed partial class Exchange
{
    private readonly HttpProxyContext _proxy;
    private readonly EventLoop _loop;
    private readonly RequestUpload _upload;
    private readonly BodyTransfer _responseBody;
    private readonly KeptBody _kept;
    private readonly Action<TransferEnd> _uploadFailed;
    private readonly LoopTimer _timeout, _tryTimeout;
    private readonly List<UpstreamEndpoint> _tried = [];
    private readonly GateTicket _ticket;
    private readonly Pause _pause;
    private readonly MeteredSink _delivery = new();
    private readonly ClientWait _sends, _takes;

    private DownstreamStream _downstream = null!;
    private IExchangeOwner _owner = null!;
    private RequestHead _request = null!;
    private RouteDecision _route;
    private long _began;
    private TimeSpan? _serviceTime, _callEnds;
    private int _status, _grpcStatus, _responseHead;
    private ExchangeFlag _flag;
    private ExchangeMarks _marks;
    private string? _details;
    private bool _clientLeft, _isInCluster, _retries, _isGrpc, _isRunning;
    private WebSocketSink? _toClient, _toServer;

    public Exchange(EventLoop loop, HttpProxyContext proxy)
    {
        (_loop, _proxy, _uploadFailed, _ticket, _pause) = (loop, proxy, UploadFailed, new(loop), new(loop));
        (_sends, _takes) = (new(proxy.ClientWaits, this, isForAnswer: false), new(proxy.ClientWaits, this, isForAnswer: true));
        _upload = new(loop, proxy.Replays, proxy.Options.ReplayBytes, _sends);
        _responseBody = new(loop, takes: _takes, kept: _kept = new(proxy.ClientWaits), taken: AnswerTaken);
        _timeout = new(loop, static exchange => ((Exchange)exchange!).GiveUp(ExchangeFlag.TimedOut), this);
        _tryTimeout = new(loop, static exchange => ((Exchange)exchange!).GiveUpAttempt(), this);
    }

    /// <summary>Set after <see cref="ExchangeEnd.Upgraded"/>; the caller takes it over.</summary>
    public Http1Upstream? Upgraded { get; private set; }

    /// <summary>It was ended by <see cref="TryExpire"/>; valid until the next begins.</summary>
    public bool WasExpired { get; private set; }

    /// <summary>Nothing of it is left when this completes, also with an error.</summary>
    /// <param name="downstream">Its request has been read.</param>
    /// <param name="owner">Whose request it is.</param>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<ExchangeEnd> RunAsync(DownstreamStream downstream, IExchangeOwner owner)
    {
        Begin(downstream, owner);
        try
        {
            return await RouteAsync().ConfigureAwait(false);
        }
        finally
        {
            _timeout.Cancel();
            _tryTimeout.Cancel();
            _sends.End();
            _takes.End();
            _kept.Clear();
            if (!IsOver) await BreakOffAsync().ConfigureAwait(false);
            _upload.Settle();
            _upload.EndMirrors();
            if (_isInCluster) LeaveCluster();
            _news?.End();
            (_isRunning, _news) = (false, null);
            _owner.Ended(_request, Report());
        }
    }

    /// <summary>The client's side broke: nobody wants the response any more. To be called while it runs.</summary>
    public void ClientLeft()
    {
        _clientLeft = true;
        EndWaits();
    }

    /// <summary>The time of its connection is over. Nothing is waited for any more: it is answered, or its client told in its protocol's words.</summary>
    /// <returns>False if there are no such words, or if it is not running: then its connection or stream is to be ended.</returns>
    public bool TryExpire()
    {
        if (!_isRunning) return false;
        WasExpired = true;
        if (_status == 0) GiveUp(ExchangeFlag.Drained);
        else if (_toClient is not null) CloseWebSocket();
        else if (_isGrpc && _upstream is not null) _responseBody.Stop();
        else return false;
        return true;
    }

    /// <summary>A descriptor is open for this request alone. That a WebSocket says nothing is nothing out of the ordinary, and does not count.</summary>
    public bool HoldsDescriptor => _toClient is null && _upstream is { HoldsDescriptor: true };

    /// <summary>Ends it for the sake of others: answered if that has not begun, else cut. To be called while it waits for its client.</summary>
    public void Shed() => GiveUp(ExchangeFlag.Overloaded);

    private static readonly TimeSpan LeastTimeout = TimeSpan.FromMilliseconds(1), MostTimeout = TimeSpan.FromDays(7); // what callers mean by more is "none"

    private RoutePlan Plan => _route.Plan;

    private void Begin(DownstreamStream downstream, IExchangeOwner owner)
    {
        (_downstream, _owner, _request) = (downstream, owner, downstream.Request);
        (_upstream, Upgraded, _serviceTime, _attempt, _route) = (null, null, null, default, RouteDecision.Answer(default));
        (_status, _grpcStatus, _responseHead, _flag, _marks, _details, _clientLeft) = (0, -1, 0, ExchangeFlag.None, ExchangeMarks.None, null, false);
        (_isRunning, _wasSent, WasExpired, _toClient, _toServer) = (true, false, false, null, null);
        _isGrpc = GrpcStatus.IsGrpc(_request.Fields);
        _tried.Clear();
        _upload.Begin(downstream.RequestBody, _request.Framing.HasBody, _isGrpc);
        _delivery.Begin(downstream.ResponseBody, _isGrpc);
        _began = _loop.Time.GetTimestamp();
    }

    private ExchangeReport Report() => new(
        _status, _flag, _tried.Count > 0 ? _tried[^1] : null, _route.Cluster, _route.Plan, _loop.Time.GetElapsedTime(_began), _tried.Count)
    {
        Request = new(_request.Size, _upload.Meter.Bytes, _upload.Meter.Messages),
        Response = new(_responseHead, _delivery.Meter.Bytes, _delivery.Meter.Messages),
        Marks = _marks,
        Details = _details,
        ServiceTime = _serviceTime,
        RequestId = _route.RequestId,
        Trace = _route.Trace,
        IsGrpc = _isGrpc,
        GrpcStatus = !_isGrpc || _status == 0 ? -1 : _grpcStatus >= 0 ? _grpcStatus : GrpcStatus.Of(_status),
    };

    private ValueTask<ExchangeEnd> RouteAsync()
    {
        if (_downstream.RequestError is { IsNone: false } wrong)
            return ReplyAsync(new(wrong.Status, wrong.Message) { Flag = ExchangeFlag.DownstreamRefused });
        if (_request.Form == TargetForm.Authority) return RefuseTunnelAsync();
        if (_request.Authority.IsEmpty) return ReplyAsync(new(400, "The request needs a Host header.") { Details = "missing_host_header" });
        _route = _owner.Route(_request);
        return _route.Delay > TimeSpan.Zero ? DelayAsync() : ForwardAsync();
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> DelayAsync()
    {
        _marks |= ExchangeMarks.Delayed;
        await _pause.WaitAsync(_route.Delay);
        return IsGivenUp ? await FailAsync(default).ConfigureAwait(false) : await ForwardAsync().ConfigureAwait(false);
    }

    private ValueTask<ExchangeEnd> ForwardAsync()
    {
        if (_route.Cluster is not { } cluster) return ReplyAsync(_route.Reply);
        if (cluster.Unusable.Length > 0) return ReplyAsync(new(503, cluster.Unusable) { Flag = ExchangeFlag.NoCluster });

        StartTimeout();
        _upload.Keeps = _request.Framing.HasBody && Plan.Retries.NeedsBody(_isGrpc, cluster.MaySpeakHttp2);
        if (_route.Mirrors.Count > 0) StartMirrors();
        cluster.Retries.Begin();
        _isInCluster = true;
        return cluster.Gate.IsOpen ? AttemptAsync(cluster) : QueueAsync(cluster);
    }

    /// <summary>The route's, or the call's own (grpc-timeout) if that is less.</summary>
    private void StartTimeout()
    {
        var limit = Plan.Timeout;
        _callEnds = null;
        if (_isGrpc && _request.Fields.TryGet("grpc-timeout"u8, out var text) && GrpcTimeout.TryRead(text, out var own))
        {
            limit = limit > TimeSpan.Zero && limit < own ? limit : own > MostTimeout ? MostTimeout : own < LeastTimeout ? LeastTimeout : own;
            _callEnds = limit;
        }

        if (limit > TimeSpan.Zero) _timeout.Start(limit);
    }

    /// <summary>What servers of a call with a deadline are told; null if it has none.</summary>
    private TimeSpan? TimeLeft => _callEnds - _loop.Time.GetElapsedTime(_began);

    private void LeaveCluster()
    {
        var retries = _route.Cluster!.Retries;
        if (_retries) retries.EndRetry();
        retries.End();
        _isInCluster = _retries = false;
    }

    private void StartMirrors()
    {
        foreach (var cluster in _route.Mirrors)
            if (MirroredRequest.Start(_loop, _proxy, cluster, _request, _route, _owner) is { } mirror) _upload.Mirrors.Add(mirror.Body);
    }

    /// <summary>Waits for its turn where the cluster takes only so many requests at once.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> QueueAsync(UpstreamCluster cluster)
    {
        if (!cluster.Gate.TryEnter(_ticket, oneEach: !cluster.MaySpeakHttp2)) return await ReplyAsync(Overflow).ConfigureAwait(false);
        try
        {
            if (_ticket.State == GateState.Waiting) await _ticket.WaitAsync();
            if (IsGivenUp) return await FailAsync(default).ConfigureAwait(false);
            return await AttemptAsync(cluster).ConfigureAwait(false);
        }
        finally
        {
            cluster.Gate.Leave(_ticket);
        }
    }

    private void GiveUp(ExchangeFlag flag)
    {
        if (_flag == ExchangeFlag.None) _flag = flag;
        if (_status != 0) _downstream.Abort(); // a client that does not take its answer would be waited for
        EndWaits();
    }

    private bool IsGivenUp => _flag != ExchangeFlag.None || _clientLeft;

    /// <summary>Nothing is waited for any more but what ends by itself.</summary>
    private void EndWaits()
    {
        _pause.End();
        _ticket.GiveUp();
        _news?.End();
        EndAttempt();
    }

    /// <summary>No attempt is under way, and nothing is being sent to one.</summary>
    private bool IsOver => _upstream is null && !_upload.IsRunning;

    /// <summary>Ends the attempt under way, and what it is being sent.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    private async ValueTask BreakOffAsync()
    {
        if (!_upload.IsSent) _upstream?.Abort(); // else the upload might wait for it
        await _upload.StopAsync().ConfigureAwait(false);
        if (_upstream is { } left) Release(left, isClean: false);
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
