namespace Ambient.ControlPlane.Authority;

/// <summary>What status pages and metrics show of the authority: no secrets.</summary>
/// <param name="Signer">Subject of the certificate that signs; empty before the first reading.</param>
/// <param name="NotAfter">When its chain ends.</param>
/// <param name="PhaseEnds">When the phase can end; null in <see cref="RotationPhase.Steady"/>.</param>
/// <param name="Problem">What was not accepted, and is retried; null if all is well.</param>
internal sealed record AuthorityReport(string Signer, DateTimeOffset NotAfter, RotationPhase Phase, DateTimeOffset? PhaseEnds,
    int TrustedRoots, TimeSpan LongestLeaf, string? Problem)
{
    public static readonly AuthorityReport NotRead =
        new("", default, RotationPhase.Steady, null, 0, TimeSpan.Zero, $"Secret {AuthoritySecret.Name} was not read yet.");
}
