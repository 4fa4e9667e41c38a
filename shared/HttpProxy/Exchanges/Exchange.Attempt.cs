using System.Runtime.CompilerServices;
using Ambient.Http1.Heads;
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
    private TaskCompletionSource? _givenUp; // while a connection is waited for
    private bool _attemptTimedOut;

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<AttemptResult> TryAsync(UpstreamEndpoint endpoint)
    {
        BeginAttempt();
        for (var fresh = false; ; fresh = true)
        {
            var (upstream, failure) = await RentAsync(endpoint, fresh).ConfigureAwait(false);
            _upstream = upstream;
            if (IsGivenUp || _attemptTimedOut) return NotSent(ExchangeFlag.TimedOut, "");
            if (failure.Kind == ConnectFailureKind.DescriptorsExhausted) return NotSent(ExchangeFlag.Overloaded, "");
            if (upstream is null) return NotSent(ExchangeFlag.UpstreamConnectFailed, failure.Detail ?? $"{failure.Kind}");

            if (_request.IsExtendedConnect && !upstream.TakesUpgrades) return NotSent(ExchangeFlag.UpstreamRefused, "it takes no WebSockets over HTTP/2.");
            _wasSent = true;
            MessageForwarding.WriteRequest(upstream, _request, _route, _proxy.Options.WritesEnvoyFields ? _tried.Count : 0, _attemptSpan, TimeLeft);
            if (_request.Framing.HasBody) _upload.Start(upstream.RequestBody, _uploadFailed); // the server may answer before it has the whole body
            else await upstream.RequestBody.FlushAsync(untilRoom: false).ConfigureAwait(false); // a failure shows in the response, or in its absence

            var read = await upstream.ReadHeadAsync().ConfigureAwait(false);
            while (read == IoStatus.Done && upstream.Head.IsInterim)
            {
                await PassInterimAsync(upstream.Head).ConfigureAwait(false);
                read = await upstream.ReadHeadAsync().ConfigureAwait(false);
            }

            if (read == IoStatus.Done) return Answered(upstream.Head);
            if (fresh || !MayRepeat(upstream)) return Unanswered(upstream);
            await BreakOffAsync().ConfigureAwait(false); // it had been in use and ended without a word: again, on a new one
        }
    }

    /// <summary>A connection that is not there at once is waited for no longer than the attempt may last.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> RentAsync(UpstreamEndpoint endpoint, bool fresh)
    {
        var rent = _proxy.Upstreams.RentAsync(endpoint, _request, fresh);
        if (rent.IsCompleted) return await rent.ConfigureAwait(false);
        var (connecting, givenUp) = (rent.AsTask(), _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously));
        await Task.WhenAny(connecting, givenUp.Task);
        _givenUp = null;
        if (connecting.IsCompleted) return await connecting;
        _ = ReleaseLaterAsync(connecting, _route.Cluster!, endpoint);
        return default;
    }

    // Whether it could be connected to is worth knowing all the same.
    private async Task ReleaseLaterAsync(Task<(UpstreamStream? Stream, ConnectFailure Failure)> connecting, UpstreamCluster servers, UpstreamEndpoint endpoint)
    {
        try
        {
            var stream = (await connecting).Stream;
            servers.NoteReach(endpoint, stream is not null);
            stream?.Release(isClean: false);
        }
        catch (Exception defect)
        {
            _loop.UnhandledException?.Invoke(defect);
        }
    }

    private void BeginAttempt()
    {
        _attemptTimedOut = false;
        if (Plan.Retries.PerTryTimeout > TimeSpan.Zero) _tryTimeout.Start(Plan.Retries.PerTryTimeout);
    }

    private AttemptResult NotSent(ExchangeFlag flag, string why)
    {
        _tryTimeout.Cancel();
        return AttemptResult.NotSent(flag, why);
    }

    private AttemptResult Answered(ResponseHead head)
    {
        _tryTimeout.Cancel();
        return AttemptResult.Answered(head.Status, GrpcStatusOf(head.Fields));
    }

    private AttemptResult Unanswered(UpstreamStream upstream)
    {
        _tryTimeout.Cancel();
        var error = upstream.Error;
        var flag = _attemptTimedOut ? ExchangeFlag.TimedOut : error.IsNone ? ExchangeFlag.UpstreamEnded : ExchangeFlag.UpstreamRefused;
        return AttemptResult.Unanswered(flag, error.Message, upstream.WasRefused);
    }

    // Half a request must not look like a whole one.
    private void UploadFailed(TransferEnd end) =>
        GiveUp(end == TransferEnd.SourceEnded ? ExchangeFlag.DownstreamEnded : ExchangeFlag.DownstreamRefused);

    private ValueTask<bool> PassInterimAsync(ResponseHead head)
    {
        if (_request.Version == Http1.HttpVersion.Http10) return new(true); // RFC 9110 §15.2: such a client does not know them
        MessageForwarding.WriteResponse(_downstream, head, FieldEdits.None, []);
        return _downstream.ResponseBody.FlushAsync(untilRoom: false);
    }

    private bool MayRepeat(UpstreamStream upstream) =>
        _upload.MayRepeat && !IsGivenUp && !_attemptTimedOut && upstream.MayRepeat(IsIdempotent(_request.Method));

    private void GiveUpAttempt()
    {
        _attemptTimedOut = true;
        EndAttempt();
    }

    /// <summary>Who waits for the attempt under way wakes up.</summary>
    private void EndAttempt()
    {
        _upstream?.Abort();
        _givenUp?.TrySetResult();
    }

    private static bool IsIdempotent(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) || method.SequenceEqual("HEAD"u8) || method.SequenceEqual("OPTIONS"u8)
        || method.SequenceEqual("PUT"u8) || method.SequenceEqual("DELETE"u8) || method.SequenceEqual("TRACE"u8);
}
