using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Leadership;

/// <summary>For what is led, by whom, and how fast a leader that has gone silent is replaced.</summary>
internal sealed record LeaderElectionOptions
{
    /// <summary>The Lease that stands for it.</summary>
    public required ObjectName Lease { get; init; }

    /// <summary>This candidate; unique among them.</summary>
    public required string Identity { get; init; }

    /// <summary>Silence of a leader after which others take over. Default 15 s; longer than <see cref="RenewDeadline"/>.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A leader that could not renew for so long stops leading by itself. Default 10 s.</summary>
    /// <remarks>What is left until <see cref="LeaseDuration"/> is for its duties to end, and for clocks that run at different speeds.</remarks>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two tries to renew or to take over; those who wait add jitter. Default 2 s.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);
}
