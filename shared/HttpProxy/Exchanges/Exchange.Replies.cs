using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Replies;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

// What is answered in a server's place.
internal sealed partial class Exchange
{
    private static LocalReply Overflow => new(503, "upstream connect error or disconnect/reset before headers. reset reason: overflow")
    {
        Flag = ExchangeFlag.Overflow, IsVerbatim = true, Fields = [new("x-envoy-overloaded", "true")],
    };

    private static LocalReply Overloaded => new(503, "The proxy has no descriptors or no memory left for this request: raise its limits, or add replicas.")
    {
        Fields = [new("x-envoy-local-overloaded", "true")],
    };

    // What follows a CONNECT was meant for its tunnel: it must not be read as requests.
    private ValueTask<ExchangeEnd> RefuseTunnelAsync()
    {
        _downstream.EndConnection();
        return ReplyAsync(new(405, "CONNECT is not served here."));
    }

    // Nothing was answered that could be passed on: say why, unless nobody listens.
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
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
        return await ReplyAsync((flag switch
        {
            ExchangeFlag.TimedOut => new LocalReply(504, "The server did not answer in the time that the route or the call allows.") { GrpcStatus = GrpcStatus.DeadlineExceeded },
            ExchangeFlag.DownstreamRefused => new(error.Status, error.Message),
            ExchangeFlag.UpstreamRefused => new(502, $"The server's response was refused: {attempt.Why}"),
            ExchangeFlag.Drained => new(503, "The proxy goes away before the server has answered, which may have acted all the same."),
            ExchangeFlag.Overloaded => Overloaded,
            ExchangeFlag.NoServer => new(503, $"{attempt.Why} has no server that is ready."),
            ExchangeFlag.UpstreamConnectFailed => new(503, $"The server was not reached: {attempt.Why.TrimEnd('.')}."),
            _ => new(503, "The server ended the connection before it answered."),
        }) with { Flag = flag, Details = flag == ExchangeFlag.TimedOut && _attemptTimedOut ? "upstream_per_try_timeout" : null }).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> ReplyAsync(LocalReply reply)
    {
        (_flag, _details, _status, _grpcStatus) = (reply.Flag, reply.Details, reply.Status, reply.GrpcStatus ?? -1);
        if (!_upload.IsSent) _downstream.EndConnection(); // its body was not read, or not to the end
        var edits = _route.Cluster is null ? Plan.ResponseEdits : FieldEdits.None; // in a server's place no route has said anything
        return await SendAsync(reply.WriteHead(_downstream, edits, _route.ResponseFields, _route.Facts)).ConfigureAwait(false) ? ExchangeEnd.Complete : ExchangeEnd.Abort;
    }

    // A client over HTTP/2 may take it in pieces, or not at all.
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> body)
    {
        var sink = _delivery;
        while (!body.IsEmpty)
        {
            var piece = body[..Math.Clamp(sink.Room, 0, body.Length)];
            body = body[piece.Length..];
            if (!piece.IsEmpty) sink.Write(piece.Span, ends: body.IsEmpty);
            if (!await sink.FlushAsync(untilRoom: !body.IsEmpty).ConfigureAwait(false)) return false;
        }

        return await sink.FlushAsync(untilRoom: false).ConfigureAwait(false);
    }
}
