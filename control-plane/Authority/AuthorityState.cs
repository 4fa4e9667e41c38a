using System.Security.Cryptography.X509Certificates;
using Ambient.Model;

namespace Ambient.ControlPlane.Authority;

/// <summary>A root that peers are told to trust.</summary>
/// <param name="Since">Since when it has been told; null until that is recorded.</param>
/// <param name="UnusedSince">Since when nothing signs below it any more; null while something does or will.</param>
internal sealed record TrustedRoot(
    string Fingerprint, string Pem, DateTimeOffset NotAfter, DateTimeOffset? Since, DateTimeOffset? UnusedSince);

/// <summary>Where a change of the root stands.</summary>
internal enum RotationPhase
{
    /// <summary>One authority, and only its roots are trusted.</summary>
    Steady,

    /// <summary>The next root is trusted by more and more peers, and signs nothing yet.</summary>
    TrustingBoth,

    /// <summary>The next one has taken over; the old root is trusted until the last certificate below it has ended.</summary>
    Retiring,
}

/// <summary>Everything the authority must remember. Immutable; kept in one Secret, so each step is one atomic write.</summary>
internal sealed record AuthorityState
{
    /// <summary>What signs.</summary>
    public required Signer Current { get; init; }

    /// <summary>What will sign once everybody trusts its root; null when no change is on its way.</summary>
    public Signer? Next { get; init; }

    /// <summary>Whether <see cref="Next"/> was plugged in: then it goes when its Secret goes.</summary>
    public bool NextIsPluggedIn { get; init; }

    public required EquatableArray<TrustedRoot> Roots { get; init; }

    /// <summary>Longest life of a leaf that was ever granted. It never shrinks: each phase of a rotation waits for it.</summary>
    public required TimeSpan LongestLeaf { get; init; }

    /// <summary>The operator's last request for a new root that was carried out; see <see cref="AuthoritySecret.RotateAnnotation"/>.</summary>
    public string? HandledRequest { get; init; }

    public RotationPhase Phase => Next is not null ? RotationPhase.TrustingBoth
        : Roots.Any(root => root.UnusedSince is not null) ? RotationPhase.Retiring
        : RotationPhase.Steady;

    /// <summary>The trust bundle: every root, each block ended by a newline.</summary>
    public string RootsPem => string.Concat(Roots.Select(root => root.Pem));

    /// <summary>The first authority of a mesh: every leaf there will ever be trusts its roots, so they count as trusted from the beginning.</summary>
    public static AuthorityState First(Signer signer, TimeSpan longestLeaf) => new()
    {
        Current = signer,
        Roots = [.. signer.Roots.DistinctBy(PemCertificates.Fingerprint).Select(root => RootOf(root, DateTimeOffset.UnixEpoch))],
        LongestLeaf = longestLeaf,
    };

    public static TrustedRoot RootOf(X509Certificate2 root, DateTimeOffset? since) =>
        new(PemCertificates.Fingerprint(root), PemCertificates.Write(root), root.NotAfter.ToUniversalTime(), since, UnusedSince: null);
}
