using Ambient.Model.Identities;
using Microsoft.Extensions.Logging;

namespace Ambient.Certificates.Store;

// One attempt from the queue to its outcome. Methods without "Async" run under the store's lock.
public sealed partial class CertificateStore
{
    // Timers stand still while the machine sleeps and do not see that its clock was set, so a long pause is taken in steps.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMinutes(10);

    private void Enqueue(CertificateEntry entry, FetchPriority priority)
    {
        entry.Attempt = new TaskCompletionSource<FetchOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(entry, priority);
        StartWhatFits();
    }

    private void StartWhatFits()
    {
        while (!_closed && _running.Count < _options.MaxConcurrentFetches && _queue.TryTake(out var entry))
        {
            entry.Abort = new CancellationTokenSource();
            var (priority, abort) = (entry.Priority, entry.Abort.Token);
            _running[entry] = Task.Run(() => RunAsync(entry, priority, abort), CancellationToken.None);
        }
    }

    private async Task RunAsync(CertificateEntry entry, FetchPriority priority, CancellationToken abort)
    {
        var outcome = await FetchAsync(entry.Identity, priority, abort);
        lock (_lock)
        {
            _running.Remove(entry);
            entry.Abort = null;
            if (!entry.IsForgotten)
                Settle(entry, outcome);
            StartWhatFits();
        }
    }

    private async Task<FetchOutcome> FetchAsync(SpiffeId identity, FetchPriority priority, CancellationToken abort)
    {
        using var timeout = new CancellationTokenSource(_options.FetchTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(abort, timeout.Token);
        try
        {
            // The second wait is for a source that does not honour its token: the slot must come free.
            var certificate = await _source.FetchAsync(identity, priority, both.Token).AsTask().WaitAsync(both.Token);
            return certificate.Identity.Equals(identity) && certificate.IsValidAt(_time.GetUtcNow())
                ? new FetchOutcome(certificate, null)
                : Failed(CertificateFailure.InvalidChain, $"The authority answered for {identity} with {certificate}, " +
                    "which is not valid now. Are the clocks of this node and of the authority right?");
        }
        catch (CertificateException error)
        {
            return new FetchOutcome(null, error);
        }
        catch (OperationCanceledException) when (both.IsCancellationRequested)
        {
            return Failed(CertificateFailure.TimedOut, $"The authority did not answer for {identity} within " +
                $"{_options.FetchTimeout.TotalSeconds:0.#} s. Is it reachable from this node?");
        }
        catch (Exception error)
        {
            // A source may fail in any way; it never takes the node's other identities with it.
            return Failed(CertificateFailure.SourceUnavailable, $"No certificate for {identity}: {error.Message}", error);
        }
    }

    private void Settle(CertificateEntry entry, FetchOutcome outcome)
    {
        var now = _time.GetUtcNow();
        if (outcome.Certificate is { } certificate)
        {
            (entry.Certificate, entry.Error, entry.Failures) = (certificate, null, 0);
            Log.Obtained(_logger, entry.Identity, certificate.SerialNumber, certificate.NotAfter);
            Schedule(entry, now, _schedule.AfterSuccess(certificate, now));
        }
        else
        {
            if (entry.Certificate?.IsValidAt(now) == false)
                entry.Certificate = null;
            entry.Error = outcome.Error;
            entry.Failures++;
            var pause = _schedule.AfterFailure(entry.Failures, entry.Certificate, now);
            Log.Failed(_logger, entry.Identity, outcome.Error!.Failure, outcome.Error.Message, entry.Certificate?.NotAfter,
                pause.TotalSeconds);
            Schedule(entry, now, pause);
        }
        var attempt = entry.Attempt;
        entry.Attempt = null;
        attempt!.TrySetResult(outcome);
    }

    private void Schedule(CertificateEntry entry, DateTimeOffset now, TimeSpan pause)
    {
        entry.Due = now + pause;
        entry.Timer ??= _time.CreateTimer(state => OnDue((CertificateEntry)state!), entry, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        entry.Timer.Change(pause < LongestTimer ? pause : LongestTimer, Timeout.InfiniteTimeSpan);
    }

    private void OnDue(CertificateEntry entry)
    {
        lock (_lock)
        {
            if (entry.IsForgotten || entry.Attempt is not null)
                return;
            var now = _time.GetUtcNow();
            if (now < entry.Due)
                Schedule(entry, now, entry.Due - now);
            else if (entry is { Users: 0, IsUsed: false })
                Drop(entry, CertificateFailure.Forgotten, $"{entry.Identity} is no longer used.");
            else
            {
                entry.IsUsed = false;
                Enqueue(entry, FetchPriority.Background);
            }
        }
    }

    private static FetchOutcome Failed(CertificateFailure failure, string message, Exception? cause = null) =>
        new(null, new CertificateException(failure, message, cause));

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 404.
    private static partial class Log
    {
        [LoggerMessage(401, LogLevel.Debug, "Certificate for {Identity}: serial {Serial}, until {NotAfter}")]
        public static partial void Obtained(ILogger logger, SpiffeId identity, string serial, DateTimeOffset notAfter);

        [LoggerMessage(402, LogLevel.Warning,
            "No new certificate for {Identity} ({Failure}): {Reason} Serving until {ServingUntil}, next try in {PauseSeconds} s")]
        public static partial void Failed(ILogger logger, SpiffeId identity, CertificateFailure failure, string reason,
            DateTimeOffset? servingUntil, double pauseSeconds);

        [LoggerMessage(403, LogLevel.Error, "Not fetching ahead for {Identity}: this node already holds {Limit} identities")]
        public static partial void TooMany(ILogger logger, SpiffeId identity, int limit);
    }
}
