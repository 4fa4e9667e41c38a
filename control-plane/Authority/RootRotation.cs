using System.Security.Cryptography.X509Certificates;
using Ambient.Model;

namespace Ambient.ControlPlane.Authority;

/// <summary>What a step of the rotation looks at beside the state.</summary>
/// <param name="PluggedIn">The authority in the Secret cacerts; null if there is none or it is not valid.</param>
/// <param name="PluggedInExists">Whether that Secret is there at all.</param>
/// <param name="Request">The operator's annotation: any value that was not seen before asks for a new root.</param>
internal sealed record RotationInput(Signer? PluggedIn, bool PluggedInExists, string? Request, DateTimeOffset Now);

/// <summary>
/// Changes the root without a failed handshake. A leaf carries the bundle of its time with it, so two leaves get along
/// if each one's root is in the other's bundle, whenever within its life each was signed. Hence: first trust the next root;
/// when the last leaf without it has ended, sign with it; when the last leaf below the old root has ended, drop that.
/// </summary>
/// <remarks>
/// Pure: the same state and input give the same step (but for the new root's key), on any replica, after any crash.
/// Waits are counted from what was written to the Secret, and long enough for replicas that learn of it late.
/// </remarks>
internal sealed class RootRotation(AuthorityOptions options, Func<DateTimeOffset, Signer> makeRoot)
{
    // If the old authority's end comes before the wait is over: well-behaved holders renew within the first half of what
    // is left and so know both roots by then; the last quarter is for those who were late.
    private const double LatestPartOfRemainingLife = 0.75;

    /// <summary>The state after every step that is due; equal to <paramref name="state"/> if none is.</summary>
    public AuthorityState Advance(AuthorityState state, RotationInput input)
    {
        state = ChooseNext(state, input);
        state = TrustWhatSigns(state, input.Now);
        state = SwitchWhenTrusted(state, input.Now);
        return Retire(state, input.Now);
    }

    /// <summary>How long everybody needs to have replaced what they held.</summary>
    public TimeSpan Wait(AuthorityState state) => state.LongestLeaf + options.DistributionTime;

    /// <summary>When the phase can end; null in <see cref="RotationPhase.Steady"/>.</summary>
    public DateTimeOffset? PhaseEnds(AuthorityState state) => state.Phase switch
    {
        RotationPhase.TrustingBoth => SwitchAt(state, state.Next!),
        RotationPhase.Retiring => state.Roots.Where(root => root.UnusedSince is not null).Max(root => root.UnusedSince + Wait(state)),
        _ => null,
    };

    private AuthorityState ChooseNext(AuthorityState state, RotationInput input)
    {
        if (input.PluggedIn is { } plugged)
        {
            var next = plugged.Material == state.Current.Material ? null
                : plugged.Material == state.Next?.Material ? state.Next : plugged;
            return state with { Next = next, NextIsPluggedIn = next is not null, HandledRequest = input.Request };
        }
        if (input.PluggedInExists)
            return state; // present but not valid: go on with what was accepted before
        if (state is { Next: not null, NextIsPluggedIn: true })
            state = state with { Next = null, NextIsPluggedIn = false };

        var requested = input.Request is not null && input.Request != state.HandledRequest;
        if (!requested && !IsDue(state, input.Now))
            return state;
        return state with { Next = state.Next ?? makeRoot(input.Now), HandledRequest = input.Request };
    }

    private bool IsDue(AuthorityState state, DateTimeOffset now)
    {
        var current = state.Current;
        var lastPart = (current.NotAfter - current.NotBefore) * options.RotateInLastPart;
        var phases = 2 * Wait(state);
        return now >= current.NotAfter - (lastPart > phases ? lastPart : phases);
    }

    private static AuthorityState TrustWhatSigns(AuthorityState state, DateTimeOffset now)
    {
        var anchors = AnchorsOf(state);
        var wanted = state.Current.Roots.Concat(state.Next?.Roots ?? []).DistinctBy(PemCertificates.Fingerprint)
            .Where(root => root.NotAfter.ToUniversalTime() > now || anchors.Contains(PemCertificates.Fingerprint(root))).ToList();
        var used = wanted.Select(PemCertificates.Fingerprint).ToHashSet();
        var known = state.Roots.Select(root => root.Fingerprint).ToHashSet();
        var kept = state.Roots.Select(root => root with
        {
            Since = root.Since ?? now,
            UnusedSince = used.Contains(root.Fingerprint) ? null : root.UnusedSince ?? now,
        });
        var added = wanted.Where(root => !known.Contains(PemCertificates.Fingerprint(root)))
            .Select(root => AuthorityState.RootOf(root, now));
        return state with { Roots = [.. kept, .. added] };
    }

    private AuthorityState SwitchWhenTrusted(AuthorityState state, DateTimeOffset now)
    {
        if (state.Next is not { } next || now < SwitchAt(state, next) || next.NotAfter <= now || next.NotBefore > now)
            return state;
        return TrustWhatSigns(state with { Current = next, Next = null, NextIsPluggedIn = false }, now);
    }

    private DateTimeOffset SwitchAt(AuthorityState state, Signer next)
    {
        if (PemCertificates.Fingerprint(next.Anchor) == PemCertificates.Fingerprint(state.Current.Anchor))
            return DateTimeOffset.MinValue; // a renewed intermediate: nobody need learn anything
        var since = Trusted(state, next.Anchor).Since!.Value;
        var complete = since + Wait(state);
        var latest = since + (state.Current.NotAfter - since) * LatestPartOfRemainingLife;
        return complete < latest ? complete : latest;
    }

    private AuthorityState Retire(AuthorityState state, DateTimeOffset now)
    {
        var anchors = AnchorsOf(state);
        EquatableArray<TrustedRoot> kept = [.. state.Roots.Where(root => anchors.Contains(root.Fingerprint) ||
            !(root.UnusedSince + Wait(state) <= now) && root.NotAfter > now)];
        return kept.Count == state.Roots.Count ? state : state with { Roots = kept };
    }

    private static HashSet<string> AnchorsOf(AuthorityState state) => state.Next is { } next
        ? [PemCertificates.Fingerprint(state.Current.Anchor), PemCertificates.Fingerprint(next.Anchor)]
        : [PemCertificates.Fingerprint(state.Current.Anchor)];

    private static TrustedRoot Trusted(AuthorityState state, X509Certificate2 root)
    {
        var fingerprint = PemCertificates.Fingerprint(root);
        return state.Roots.First(one => one.Fingerprint == fingerprint);
    }
}
