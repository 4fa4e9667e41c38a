using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Ambient.Model.Identities;
using Microsoft.Extensions.Logging;

namespace Ambient.Certificates.Store;

/// <summary>
/// Holds a valid certificate for every identity of the node: fetches when first asked, shares one fetch among all who wait,
/// renews around half of its life, keeps serving what is valid while the authority is away, and forgets on request. One that is
/// not retained is renewed as long as it is used.
/// </summary>
/// <remarks>Thread-safe. Memory is bounded by <see cref="CertificateStoreOptions.MaxIdentities"/>.</remarks>
public sealed partial class CertificateStore : IAsyncDisposable
{
    private readonly ConcurrentDictionary<SpiffeId, CertificateEntry> _entries = new();
    private readonly ICertificateSource _source;
    private readonly CertificateStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CertificateStore> _logger;

    // Guards what follows and every entry.
    private readonly Lock _lock = new();
    private readonly FetchQueue _queue = new();
    private readonly Dictionary<CertificateEntry, Task> _running = [];
    private readonly RenewalSchedule _schedule;
    private bool _closed;

    /// <param name="random">Spreads renewals and retries; used under the store's lock only.</param>
    public CertificateStore(ICertificateSource source, CertificateStoreOptions options, TimeProvider time, Random random,
        ILogger<CertificateStore> logger)
    {
        (_source, _options, _time, _logger) = (source, options, time, logger);
        _schedule = new RenewalSchedule(options, random);
    }

    /// <summary>The certificate if there is a valid one. Takes no lock and allocates nothing.</summary>
    public bool TryGet(SpiffeId identity, [NotNullWhen(true)] out WorkloadCertificate? certificate)
    {
        certificate = null;
        if (!_entries.TryGetValue(identity, out var entry) || entry.Certificate is not { } held || !held.IsValidAt(_time.GetUtcNow()))
            return false;
        if (!entry.IsUsed)
            entry.IsUsed = true; // written once only: other threads read what lies beside it
        certificate = held;
        return true;
    }

    /// <summary>The certificate, fetched if need be; who asks first starts the fetch, the others share it.</summary>
    /// <exception cref="CertificateException">
    /// The attempt failed or took longer than <see cref="CertificateStoreOptions.FirstFetchWait"/>. After a failed attempt
    /// the same error is given at once until a retry succeeds; only a <see cref="FetchPriority.RealTime"/> request waits,
    /// up to <see cref="CertificateStoreOptions.RetryWait"/>, for a retry that is already queued or running.
    /// </exception>
    public ValueTask<WorkloadCertificate> GetAsync(SpiffeId identity, FetchPriority priority, CancellationToken stop) =>
        TryGet(identity, out var certificate) ? ValueTask.FromResult(certificate) : WaitAsync(identity, priority, stop);

    /// <summary>A pod with this identity came: its certificate is fetched ahead and kept until <see cref="Release"/>.</summary>
    /// <remarks>Counted: each call wants one <see cref="Release"/>. Beyond the limit of identities it is logged and not kept.</remarks>
    public void Retain(SpiffeId identity)
    {
        lock (_lock)
        {
            if (_closed)
                return;
            if (FindOrAdd(identity) is not { } entry)
            {
                Log.TooMany(_logger, identity, _options.MaxIdentities);
                return;
            }
            entry.Users++;
            if (entry is { Certificate: null, Error: null, Attempt: null })
                Enqueue(entry, FetchPriority.Warmup);
        }
    }

    /// <summary>A pod with this identity went; the last one takes the identity with it.</summary>
    public void Release(SpiffeId identity)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(identity, out var entry) && --entry.Users <= 0)
                Drop(entry, CertificateFailure.Forgotten, $"{identity} is no longer needed: its last pod left this node.");
        }
    }

    /// <summary>Drops an identity however many still want it; who waits gets <see cref="CertificateFailure.Forgotten"/>.</summary>
    public void Forget(SpiffeId identity)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(identity, out var entry))
                Drop(entry, CertificateFailure.Forgotten, $"{identity} is no longer needed.");
        }
    }

    /// <summary>All identities for the configuration dump, sorted by name.</summary>
    public IReadOnlyList<CertificateStatus> List()
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            return [.. _entries.Values.Select(entry => StatusOf(entry, now))
                .OrderBy(status => status.Identity.ToString(), StringComparer.Ordinal)];
        }
    }

    /// <summary>Stops all fetches, fails who waits and returns when nothing runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            _closed = true;
            foreach (var entry in _entries.Values)
                Drop(entry, CertificateFailure.Closed, "The certificate store was closed.");
            running = [.. _running.Values];
        }
        await Task.WhenAll(running);
    }

    private async ValueTask<WorkloadCertificate> WaitAsync(SpiffeId identity, FetchPriority priority, CancellationToken stop)
    {
        var (attempt, earlier) = Join(identity, priority);
        var limit = earlier is null ? _options.FirstFetchWait : _options.RetryWait;
        FetchOutcome outcome;
        try
        {
            outcome = await attempt.WaitAsync(limit, _time, stop);
        }
        catch (TimeoutException)
        {
            throw Copy(earlier) ?? new CertificateException(CertificateFailure.TimedOut,
                $"No certificate for {identity} within {limit.TotalSeconds:0.#} s. Is the certificate authority reachable?");
        }
        return outcome.Certificate ?? throw Copy(outcome.Error)!;
    }

    /// <summary>The attempt to wait for, and the error of the one before it.</summary>
    private (Task<FetchOutcome> Attempt, CertificateException? Earlier) Join(SpiffeId identity, FetchPriority priority)
    {
        lock (_lock)
        {
            if (_closed)
                throw new CertificateException(CertificateFailure.Closed, "The certificate store was closed.");
            var entry = FindOrAdd(identity) ?? throw new CertificateException(CertificateFailure.TooManyIdentities,
                $"{identity} is one identity more than the {_options.MaxIdentities} this node may hold.");
            entry.IsUsed = true;

            if (entry.Certificate is { } certificate && certificate.IsValidAt(_time.GetUtcNow()))
                return (Task.FromResult(new FetchOutcome(certificate, null)), null);
            if (entry.Error is { } error && (entry.Attempt is null || priority != FetchPriority.RealTime))
                throw Copy(error)!;

            if (entry.Attempt is null)
                Enqueue(entry, priority);
            else
                _queue.Raise(entry, priority);
            return (entry.Attempt!.Task, entry.Error);
        }
    }

    private CertificateEntry? FindOrAdd(SpiffeId identity)
    {
        if (_entries.TryGetValue(identity, out var entry))
            return entry;
        if (_entries.Count >= _options.MaxIdentities)
            return null;
        return _entries[identity] = new CertificateEntry(identity);
    }

    private void Drop(CertificateEntry entry, CertificateFailure failure, string why)
    {
        entry.IsForgotten = true;
        _entries.TryRemove(entry.Identity, out _);
        _queue.Remove(entry);
        entry.Timer?.Dispose();
        _ = entry.Abort?.CancelAsync(); // not Cancel: callbacks of the source would run under our lock
        entry.Attempt?.TrySetResult(new FetchOutcome(null, new CertificateException(failure, why)));
    }

    private static CertificateStatus StatusOf(CertificateEntry entry, DateTimeOffset now)
    {
        var valid = entry.Certificate is { } certificate && certificate.IsValidAt(now);
        var state = valid ? CertificateState.Available
            : entry.Error is not null || entry.Certificate is not null ? CertificateState.Unavailable
            : CertificateState.Initializing;
        return new CertificateStatus(entry.Identity, state, entry.Error?.Message, entry.Attempt is null ? entry.Due : null,
            entry.Certificate?.Chain ?? [], entry.Certificate?.Roots ?? []);
    }

    // Each who waits throws an object of its own: a shared one would collect everybody's stack.
    private static CertificateException? Copy(CertificateException? error) =>
        error is null ? null : new CertificateException(error.Failure, error.Message, error);
}
