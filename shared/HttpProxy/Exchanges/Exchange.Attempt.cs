using System.Runtime.CompilerServices;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>How one attempt went.</summary>
/// <param name="Status">Of the response whose head has been read; 0 without one.</param>
/// <param name="GrpcStatus">In that head; -1 without one.</param>
/// <param name="Flag">Why there is no answer.</param>
/// <param name="Sent">The server may have seen the request.</param>
/// <param name="Why">For people.</param>
internal readonly record struct AttemptResult(int Status, int GrpcStatus, ExchangeFlag Flag, bool Sent, string Why)
{
    public bool IsAnswered => Status > 0;
}

// One attempt: a connection, the request out, the head of the response in.
internal sealed partial class Exchange
{
    private UpstreamConnection? _upstream;
    private Task<TransferEnd>? _sending;
    private bool _attemptTimedOut;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> TryAsync(UpstreamEndpoint endpoint)
    {
        _attemptTimedOut = false;
        if (_plan.Retries.PerTryTimeout > TimeSpan.Zero) _tryTimeout.Start(_plan.Retries.PerTryTimeout);
        var result = await TryAsync(endpoint, fresh: false).ConfigureAwait(false) ?? await TryAsync(endpoint, fresh: true).ConfigureAwait(false);
        _tryTimeout.Cancel();
        return result!.Value;
    }

    /// <returns>Null if a connection that had been idle ended without a word, and the request may be sent again on a new one.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult?> TryAsync(UpstreamEndpoint endpoint, bool fresh)
    {
        var (upstream, failure) = await _proxy.Upstreams.RentAsync(endpoint.Address, fresh).ConfigureAwait(false);
        if (upstream is null) return new(0, -1, ExchangeFlag.UpstreamConnectFailed, Sent: false, $"{failure.Kind}");
        _upstream = upstream;
        if (_clientLeft || _flag != ExchangeFlag.None || _attemptTimedOut) return new(0, -1, ExchangeFlag.TimedOut, Sent: false, "");

        upstream.Parser.Expect(_request.Method);
        var framing = MessageForwarding.WriteRequest(upstream.Out, _request);
        if (framing.HasBody) _sending = SendBodyAsync(upstream, framing);
        else await upstream.Out.FlushAsync().ConfigureAwait(false); // a failure shows in the response, or in its absence

        var read = await ReadResponseHeadAsync(upstream).ConfigureAwait(false);
        var head = upstream.Parser.Head;
        if (read.Status == IoStatus.Done) return new(head.Status, GrpcStatusOf(head.Fields), ExchangeFlag.None, Sent: true, "");
        if (MayRepeat(upstream))
        {
            Release(upstream, isClean: false);
            return null;
        }

        var error = upstream.Parser.Error;
        var flag = _attemptTimedOut ? ExchangeFlag.TimedOut : error.IsNone ? ExchangeFlag.UpstreamEnded : ExchangeFlag.UpstreamRefused;
        return new(0, -1, flag, Sent: true, error.Message);
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

    // RFC 9110 §9.2.2: only what may be done twice, and only where the server cannot have begun to answer.
    private bool MayRepeat(UpstreamConnection upstream) =>
        upstream.IsReused && !upstream.Parser.IsWithinHead && upstream.Parser.Error.IsNone && _flag == ExchangeFlag.None && !_attemptTimedOut
        && !_clientLeft && _sending is null && IsIdempotent(_request.Method);

    private void GiveUpAttempt()
    {
        _attemptTimedOut = true;
        _upstream?.Stream.Abort();
    }

    private static bool IsIdempotent(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) || method.SequenceEqual("HEAD"u8) || method.SequenceEqual("OPTIONS"u8)
        || method.SequenceEqual("PUT"u8) || method.SequenceEqual("DELETE"u8) || method.SequenceEqual("TRACE"u8);
}
