using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Messages;
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
        if (head.Status == 101 && !(MessageForwarding.IsUpgrade(_request) && head.Fields.HasToken("upgrade"u8, "websocket"u8)))
            return await FailAsync(AttemptResult.Unanswered(ExchangeFlag.UpstreamRefused, "nobody had asked for another protocol")).ConfigureAwait(false);
        _upload.Settle();
        (_status, _grpcStatus, _responseHead) = (head.Status, GrpcStatusOf(head.Fields), head.Size);
        if (!_upload.IsSent) _downstream.EndConnection(); // it answers early: the rest of the body has nowhere to go
        _serviceTime = _loop.Time.GetElapsedTime(_attemptBegan);
        MessageForwarding.WriteResponse(_downstream, head, Plan.ResponseEdits, _route.ResponseFields, _proxy.Options.WritesEnvoyFields ? _serviceTime : null);
        if (head.Status == 101) return await UpgradeAsync((Http1Upstream)upstream).ConfigureAwait(false);

        var end = await _responseBody.RunAsync(upstream.ResponseBody, _delivery).ConfigureAwait(false);
        if (end != TransferEnd.Complete)
        {
            if (_flag == ExchangeFlag.None) _flag = FlagOf(end);
            return ExchangeEnd.Abort;
        }

        if (_grpcStatus < 0) _grpcStatus = GrpcStatusOf(upstream.ResponseBody.Trailers);
        if (_upload.IsSent) Release(upstream, isClean: true);
        return ExchangeEnd.Complete;
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> UpgradeAsync(Http1Upstream upstream)
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
