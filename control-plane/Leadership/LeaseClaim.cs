using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Leadership;

/// <summary>One candidate's view of the lease, and its tries to get, keep and give it back. Not thread-safe.</summary>
/// <remarks>Whether a lease has run out is judged by our own clock alone, from when we last saw it change: clocks of machines differ.</remarks>
internal sealed class LeaseClaim(ILeases leases, LeaderElectionOptions options, TimeProvider time)
{
    private Lease? _seen;
    private long _seenAt;

    /// <summary>Who holds the lease as far as we know; empty if nobody does.</summary>
    public string Holder => _seen?.Spec?.HolderIdentity ?? "";

    private bool IsOurs => Holder == options.Identity;

    /// <returns>True if the lease is ours now, for another lease duration from when this was called.</returns>
    /// <exception cref="ApiException">It is not known: the API refused or was not reached.</exception>
    public async Task<bool> TryHoldAsync(CancellationToken stop)
    {
        try
        {
            // Ours until somebody else has changed it, which the API tells us by a conflict: no need to read it each time.
            if (!IsOurs) See(await leases.FindAsync(options.Lease, stop));
            if (_seen is null) See(await leases.CreateAsync(Claimed(null), stop));
            else if (IsOurs || IsFree) See(await leases.ReplaceAsync(Claimed(_seen), stop));
            return IsOurs;
        }
        catch (ApiException e) when (e.IsConflict || e.IsNotFound)
        {
            Forget();
            return false;
        }
    }

    /// <summary>Lets others take over at once. Failing does no harm: the lease runs out.</summary>
    public async Task ReleaseAsync(CancellationToken stop)
    {
        if (!IsOurs) return;
        var spec = _seen!.Spec! with { HolderIdentity = "", LeaseDurationSeconds = 1, RenewTime = time.GetUtcNow() };
        See(await leases.ReplaceAsync(_seen with { Spec = spec }, stop));
    }

    private bool IsFree => Holder.Length == 0 || time.GetElapsedTime(_seenAt) >= DurationOf(_seen!);

    // The holder's own word counts: it may be of another version, with other patience.
    private TimeSpan DurationOf(Lease lease) =>
        lease.Spec?.LeaseDurationSeconds is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : options.LeaseDuration;

    private void See(Lease? lease)
    {
        if (lease?.Spec != _seen?.Spec) _seenAt = time.GetTimestamp();
        _seen = lease;
    }

    // Somebody was faster. We look at what they wrote next time; until then it is as fresh as can be.
    private void Forget()
    {
        _seen = null;
        _seenAt = time.GetTimestamp();
    }

    private Lease Claimed(Lease? present)
    {
        var now = time.GetUtcNow();
        var renews = present is not null && IsOurs;
        return new()
        {
            Metadata = present?.Metadata ?? new() { Name = options.Lease.Name, Namespace = options.Lease.Namespace },
            Spec = new()
            {
                HolderIdentity = options.Identity,
                LeaseDurationSeconds = (int)Math.Ceiling(options.LeaseDuration.TotalSeconds),
                AcquireTime = renews ? present!.Spec!.AcquireTime : now,
                RenewTime = now,
                LeaseTransitions = (present?.Spec?.LeaseTransitions ?? 0) + (present is null || renews ? 0 : 1),
            },
        };
    }
}
