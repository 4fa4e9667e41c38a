using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Tracing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

// One attempt after another, and when to stop.
internal sealed partial class Exchange
{
    private AttemptResult _attempt;
    private long _attemptBegan;
    private ulong _attemptSpan;
    private bool _triesAgain, _wasSent;
    private NewsWait? _news;
    private UpstreamEndpoint? _asked; // counts the attempt under way as its own

    /// <summary>Tries servers until an answer is good enough, or is the last that may be had.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd> AttemptAsync(UpstreamCluster servers)
    {
        while (true)
        {
            if (servers.Pick(_proxy.Random, _tried, _route.Hash) is not { } endpoint) (_attempt, _triesAgain) = (AttemptResult.NotSent(ExchangeFlag.NoServer, servers.Name), false);
            else if (await AskAsync(servers, endpoint).ConfigureAwait(false) is { } end) return end;

            if (_triesAgain)
            {
                await PauseAsync().ConfigureAwait(false);
                servers = servers.Latest;
            }
            else if (MayWait(servers) && await NextAsync(servers).ConfigureAwait(false) is { } next) servers = next;
            else return await FailAsync(_attempt).ConfigureAwait(false);
            if (IsGivenUp) return await FailAsync(default).ConfigureAwait(false);
        }
    }

    /// <returns>Null if what came of it is not to be passed on.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<ExchangeEnd?> AskAsync(UpstreamCluster servers, UpstreamEndpoint endpoint)
    {
        _tried.Add(endpoint);
        (_asked = endpoint).Begin();
        try
        {
            (_attempt, _attemptBegan, _attemptSpan) = (default, _loop.Time.GetTimestamp(), _route.Trace.IsRecorded ? RequestTrace.NewId(_proxy.Random) : 0);
            var attempt = _attempt = await TryAsync(endpoint).ConfigureAwait(false);
            if (IsServersDoing) servers.Report(endpoint, _isGrpc && attempt.GrpcStatus > 0 ? GrpcStatus.ToHttp(attempt.GrpcStatus) : attempt.Status, _attemptBegan);
            if (attempt.Sent || attempt.Flag == ExchangeFlag.UpstreamConnectFailed) servers.NoteReach(endpoint, attempt.Sent);
            _triesAgain = Deserves(attempt) && MayRetry(attempt);
            return attempt.IsAnswered && !_triesAgain ? await RespondAsync(_upstream!).ConfigureAwait(false) : null;
        }
        finally
        {
            TellAttempt(endpoint);
            LeaveEndpoint();
        }
    }

    private void LeaveEndpoint()
    {
        _asked?.End();
        _asked = null;
    }

    /// <summary>How the attempt went tells something of the server: neither has the client ended it, or broken the rules, nor the end of our time.</summary>
    private bool IsServersDoing => !_clientLeft && _flag is ExchangeFlag.None or ExchangeFlag.TimedOut && _attempt.Flag != ExchangeFlag.Overloaded;

    private void TellAttempt(UpstreamEndpoint endpoint)
    {
        if (!_route.Trace.IsRecorded) return;
        var flag = _flag != ExchangeFlag.None ? _flag : _attempt.Flag;
        _owner.Attempted(_request, new(_tried.Count, endpoint, _route.Cluster!, _attempt.Status, flag, _loop.Time.GetElapsedTime(_attemptBegan), _route.Trace, _attemptSpan));
    }

    /// <summary>True if another attempt is wanted, allowed, and possible: what was sent of the body can be sent again.</summary>
    private bool Deserves(in AttemptResult attempt)
    {
        if (Plan.Retries.Attempts == 0 || attempt.Flag == ExchangeFlag.Overloaded || !Covers(attempt) || !_upload.MayRepeat || IsGivenUp) return false;
        if (_tried.Count <= (attempt.Sent ? Plan.Retries.Attempts : Plan.Retries.AttemptsUnsent)) return true;
        _marks |= ExchangeMarks.RetriesExhausted;
        return false;
    }

    private bool Covers(in AttemptResult attempt) => attempt.IsAnswered
        ? Plan.Retries.CoversAnswer(attempt.Status, attempt.GrpcStatus)
        : Plan.Retries.CoversNoAnswer(attempt.Sent, attempt.Refused);

    // One place in the budget from the first retry to the end of the exchange: it is a retry that is under way all that time. Where nothing was sent,
    // no server was asked twice.
    private bool MayRetry(in AttemptResult attempt) => !attempt.Sent || _retries || (_retries = _route.Cluster!.Retries.TryBeginRetry());

    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    private async ValueTask PauseAsync()
    {
        await BreakOffAsync().ConfigureAwait(false);
        if (!IsGivenUp) await _pause.WaitAsync(Plan.Retries.Backoff(_tried.Count, _proxy.Random));
    }

    /// <summary>No server has seen anything of the request, and it is worth another attempt as soon as there is somebody else to ask.</summary>
    private bool MayWait(UpstreamCluster servers) =>
        _attempt.Flag is ExchangeFlag.UpstreamConnectFailed or ExchangeFlag.NoServer && !_wasSent && Plan.Retries.Attempts > 0 && Covers(_attempt)
        && !IsGivenUp && servers.ExpectsNews(_tried, _began);

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<UpstreamCluster?> NextAsync(UpstreamCluster known)
    {
        var next = await (_news ??= new(_loop)).ForAsync(known, _tried);
        if (next is not null) _marks &= ~ExchangeMarks.RetriesExhausted;
        return next;
    }
}
