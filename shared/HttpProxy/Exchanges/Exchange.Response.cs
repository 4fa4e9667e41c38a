using System.Runtime.CompilerServices;
using Ambient.Http1.Bodies;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

// The response of the attempt that counts, passed on.
internal sealed partial class Exchange
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> RespondAsync(UpstreamConnection upstream)
    {
        var head = upstream.Parser.Head;
        if (head.Status == 101 && !MessageForwarding.IsUpgrade(_request))
            return await FailAsync(new(0, -1, ExchangeFlag.UpstreamRefused, Sent: true, "nobody had asked for another protocol")).ConfigureAwait(false);
        _status = head.Status;
        if (_sending is { IsCompleted: false }) _keepAlive = false; // it answers early: the rest of the body has nowhere to go
        var framing = MessageForwarding.WriteResponse(_out, _request, head, _keepAlive);
        if (head.Status == 101) return await UpgradeAsync(upstream).ConfigureAwait(false);
        if (framing.Kind == BodyKind.UntilClose) _keepAlive = false;

        var end = await _responseBody.RunAsync(upstream.In, _out, head.Framing, framing).ConfigureAwait(false);
        if (end != TransferEnd.Complete) return Drop(upstream, FlagOf(end));
        var hasSentAll = _sending is null || (_sending.IsCompleted && await _sending == TransferEnd.Complete);
        Release(upstream, isClean: head.KeepAlive && hasSentAll);
        return _keepAlive && hasSentAll ? ExchangeEnd.KeepAlive : ExchangeEnd.Close;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeEnd> UpgradeAsync(UpstreamConnection upstream)
    {
        if ((await _out.FlushAsync().ConfigureAwait(false)).Status != IoStatus.Done) return Drop(upstream, ExchangeFlag.DownstreamEnded);
        (_upstream, Upgraded) = (null, upstream);
        return ExchangeEnd.Upgraded;
    }

    private ExchangeEnd Drop(UpstreamConnection upstream, ExchangeFlag flag)
    {
        if (_flag == ExchangeFlag.None) _flag = flag;
        Release(upstream, isClean: false);
        _out.Release();
        return ExchangeEnd.Abort;
    }

    private ExchangeFlag FlagOf(TransferEnd end) => end switch
    {
        TransferEnd.SinkEnded => ExchangeFlag.DownstreamEnded,
        TransferEnd.SourceRefused => ExchangeFlag.UpstreamRefused,
        _ => _clientLeft ? ExchangeFlag.DownstreamEnded : ExchangeFlag.UpstreamEnded,
    };
}
