namespace Ambient.ControlPlane.Authority;

/// <summary>The few lives that are recorded as the longest granted: a handful of writes, whatever callers ask for.</summary>
internal static class LifetimeSteps
{
    private static readonly int[] Days = [1, 2, 7, 14, 30, 60];

    public static TimeSpan RoundUp(TimeSpan lifetime, TimeSpan max)
    {
        foreach (var days in Days)
            if (lifetime <= TimeSpan.FromDays(days) && TimeSpan.FromDays(days) <= max)
                return TimeSpan.FromDays(days);
        return max;
    }
}
