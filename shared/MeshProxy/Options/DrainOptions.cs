namespace Ambient.MeshProxy.Options;

/// <summary>How long open connections may go on after we were told to stop.</summary>
public sealed record DrainOptions
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>
    /// CONNECTION_TERMINATION_DEADLINE, up to a day. Else what fits into TERMINATION_GRACE_PERIOD_SECONDS: five seconds less when that
    /// is above ten, else one less, at least one. Else 5 s.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(5);

    public static DrainOptions Read(SettingsReader settings)
    {
        var deadline = settings.OptionalDuration("CONNECTION_TERMINATION_DEADLINE", TimeSpan.Zero, Longest);
        var grace = settings.OptionalDuration("TERMINATION_GRACE_PERIOD_SECONDS", TimeSpan.Zero, Longest);
        return new() { Deadline = deadline ?? (grace is { } seconds ? Within(seconds) : TimeSpan.FromSeconds(5)) };
    }

    private static TimeSpan Within(TimeSpan grace)
    {
        var reserve = grace > TimeSpan.FromSeconds(10) ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(1);
        var rest = grace - reserve;
        return rest < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : rest;
    }
}
