using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Messages;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

// One attempt: a stream to a server, the request out, the head of the response in.
internal sealed partial class Exchange
{
    private UpstreamStream? _upstream;
    private bool _attemptTimedOut;

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<AttemptResult> TryAsync(UpstreamEndpoint endpoint)
    {
        _attemptTimedOut = false;
        if (Plan.Retries.PerTryTimeout > TimeSpan.Zero) _tryTimeout.Start(Plan.Retries.PerTryTimeout);
        var result = await TryAsync(endpoint, fresh: false).ConfigureAwait(false) ?? await TryAsync(endpoint, fresh: true).ConfigureAwait(false);
        _tryTimeout.Cancel();
        return result!.Value;
    }

    /// <returns>Null if a connection that had been in use ended without a word, and the request may be sent again on a new one.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<AttemptResult?> TryAsync(UpstreamEndpoint endpoint, bool fresh)
    {
        var (upstream, failure) = await _proxy.Upstreams.RentAsync(endpoint, _request, fresh).ConfigureAwait(false);
        if (upstream is null) return AttemptResult.NotSent(ExchangeFlag.UpstreamConnectFailed, failure.Detail ?? $"{failure.Kind}");
        _upstream = upstream;
        if (_clientLeft || _flag != ExchangeFlag.None || _attemptTimedOut) return AttemptResult.NotSent(ExchangeFlag.TimedOut, "");

        MessageForwarding.WriteRequest(upstream, _request, _route, _proxy.Options.WritesEnvoyFields ? _tried.Count : 0);
        if (_request.Framing.HasBody) _upload.Start(upstream.RequestBody, _uploadFailed); // the server may answer before it has the whole body
        else await upstream.RequestBody.FlushAsync(untilRoom: false).ConfigureAwait(false); // a failure shows in the response, or in its absence

        var read = await ReadFinalHeadAsync(upstream).ConfigureAwait(false);
        if (read == IoStatus.Done) return AttemptResult.Answered(upstream.Head.Status, GrpcStatusOf(upstream.Head.Fields));
        if (!fresh && MayRepeat(upstream))
        {
            await BreakOffAsync().ConfigureAwait(false);
            return null;
        }

        var error = upstream.Error;
        var flag = _attemptTimedOut ? ExchangeFlag.TimedOut : error.IsNone ? ExchangeFlag.UpstreamEnded : ExchangeFlag.UpstreamRefused;
        return AttemptResult.Unanswered(flag, error.Message, upstream.WasRefused);
    }

    // Half a request must not look like a whole one.
    private void UploadFailed(TransferEnd end) =>
        GiveUp(end == TransferEnd.SourceEnded ? ExchangeFlag.DownstreamEnded : ExchangeFlag.DownstreamRefused);

    /// <summary>Reads to the final response's head and passes interim ones on.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<IoStatus> ReadFinalHeadAsync(UpstreamStream upstream)
    {
        while (true)
        {
            var status = await upstream.ReadHeadAsync().ConfigureAwait(false);
            if (status != IoStatus.Done || !upstream.Head.IsInterim) return status;
            if (_request.Version == Http1.HttpVersion.Http10) continue; // RFC 9110 §15.2: such a client does not know them
            MessageForwarding.WriteResponse(_downstream, upstream.Head, FieldEdits.None, []);
            await _downstream.ResponseBody.FlushAsync(untilRoom: false).ConfigureAwait(false);
        }
    }

    private bool MayRepeat(UpstreamStream upstream) =>
        _upload.MayRepeat && _flag == ExchangeFlag.None && !_attemptTimedOut && !_clientLeft && upstream.MayRepeat(IsIdempotent(_request.Method));

    private void GiveUpAttempt()
    {
        _attemptTimedOut = true;
        _upstream?.Abort();
    }

    private static bool IsIdempotent(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) || method.SequenceEqual("HEAD"u8) || method.SequenceEqual("OPTIONS"u8)
        || method.SequenceEqual("PUT"u8) || method.SequenceEqual("DELETE"u8) || method.SequenceEqual("TRACE"u8);
}
