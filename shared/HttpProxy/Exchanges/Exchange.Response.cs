using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Messages;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Resilience;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

// The response of the attempt that counts, passed on.
internal sealed partial class Exchange
{
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> RespondAsync(UpstreamStream upstream)
    {
        var head = upstream.Head;
        if (head.Status == 101 && !upstream.HasSwitched)
            return await FailAsync(AttemptResult.Unanswered(ExchangeFlag.UpstreamRefused, "nobody had asked for another protocol")).ConfigureAwait(false);
        if (_request.IsExtendedConnect && head.Status < 300 && !upstream.HasSwitched) // it would look as if it had
            return await FailAsync(AttemptResult.Unanswered(ExchangeFlag.UpstreamRefused, "it did not switch to the WebSocket that was asked for")).ConfigureAwait(false);
        _upload.Settle();
        (_status, _grpcStatus, _responseHead) = (head.Status, GrpcStatusOf(head.Fields), head.Size);
        if (!_upload.IsSent) _downstream.EndConnection(); // it answers early: the rest of the body has nowhere to go
        _serviceTime = _loop.Time.GetElapsedTime(_attemptBegan);
        if (upstream.HasSwitched) return await SwitchAsync(upstream).ConfigureAwait(false);
        MessageForwarding.WriteResponse(_downstream, head, Plan.ResponseEdits, _route.ResponseFields, ToldServiceTime, _route.Facts);
        return await PassBodyAsync(upstream).ConfigureAwait(false);
    }

    private TimeSpan? ToldServiceTime => _proxy.Options.WritesEnvoyFields ? _serviceTime : null;

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> PassBodyAsync(UpstreamStream upstream)
    {
        var end = await _responseBody.RunAsync(upstream.ResponseBody, _delivery).ConfigureAwait(false);
        if (end == TransferEnd.Stopped && WasExpired) return await EndCallAsync().ConfigureAwait(false);
        if (end != TransferEnd.Complete)
        {
            if (_flag == ExchangeFlag.None) _flag = FlagOf(end);
            return ExchangeEnd.Abort;
        }

        if (_upstream is null) return ExchangeEnd.Complete;
        if (upstream.HasSwitched && _upload.IsRunning) await _upload.EndAsync().ConfigureAwait(false); // a server that has said all may still listen
        if (_upload.IsSent) Release(upstream, isClean: true);
        return ExchangeEnd.Complete;
    }

    /// <summary>All of the answer is here: its server need not wait until the client has it.</summary>
    private void AnswerTaken()
    {
        if (_upstream is not { HasSwitched: false } upstream) return;
        if (_grpcStatus < 0) _grpcStatus = GrpcStatusOf(upstream.ResponseBody.Trailers);
        if (!_upload.IsSent) return;
        Release(upstream, isClean: true);
        LeaveEndpoint();
        if (_ticket.State == GateState.Inside) _route.Cluster!.Gate.Leave(_ticket);
    }

    /// <summary>A call of gRPC ends with a status in the server's place; in the midst of a message it can only be cut.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> EndCallAsync()
    {
        _flag = ExchangeFlag.Drained;
        if (!_delivery.Meter.IsBetweenMessages) return ExchangeEnd.Abort;
        _downstream.EndConnection();
        _delivery.End(GrpcStatus.GoingAway);
        _grpcStatus = GrpcStatus.Unavailable;
        return await _delivery.FlushAsync(untilRoom: false).ConfigureAwait(false) ? ExchangeEnd.Complete : ExchangeEnd.Abort;
    }

    private void CloseWebSocket()
    {
        if (_flag == ExchangeFlag.None) _flag = ExchangeFlag.Drained;
        _toClient!.Close();
        _toServer!.Close();
        _responseBody.Nudge();
        _upload.Nudge();
    }

    /// <summary>A WebSocket begins. Where both sides speak HTTP/1.1 their connections are joined; else its bytes are the bodies of the exchange.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> SwitchAsync(UpstreamStream upstream)
    {
        _timeout.Cancel();
        var accept = upstream is Http2Upstream && !_request.IsExtendedConnect && _request.Fields.TryGet(WebSocketKey.FieldName, out var key) ? WebSocketKey.AcceptOf(key) : [];
        MessageForwarding.WriteSwitch(_downstream, upstream.Head, Plan.ResponseEdits, _route.ResponseFields, ToldServiceTime, accept, _route.Facts);
        if (upstream is Http1Upstream http1 && !_request.IsExtendedConnect) return await JoinAsync(http1).ConfigureAwait(false);

        _downstream.BeginWebSocketBytes();
        upstream.BeginWebSocketBytes();
        (_toClient, _toServer) = (new(_downstream.ResponseBody, isServer: false), new(upstream.RequestBody, isServer: true));
        _delivery.Begin(_toClient, hasMessages: false);
        _upload.Begin(_downstream.RequestBody, hasBody: true, hasMessages: false);
        _upload.Start(_toServer, _uploadFailed);
        return await PassBodyAsync(upstream).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> JoinAsync(Http1Upstream upstream)
    {
        if (!await _downstream.ResponseBody.FlushAsync(untilRoom: false).ConfigureAwait(false))
        {
            _flag = ExchangeFlag.DownstreamEnded;
            return ExchangeEnd.Abort;
        }

        (_upstream, Upgraded) = (null, upstream);
        return ExchangeEnd.Upgraded;
    }

    private ExchangeFlag FlagOf(TransferEnd end) => end switch
    {
        TransferEnd.SinkEnded => ExchangeFlag.DownstreamEnded,
        TransferEnd.SourceRefused => ExchangeFlag.UpstreamRefused,
        _ => _clientLeft ? ExchangeFlag.DownstreamEnded : ExchangeFlag.UpstreamEnded,
    };
}
