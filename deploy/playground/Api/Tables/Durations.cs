namespace Ambient.Playground.Api.Tables;

/// <summary>Ages as kubectl shows them: two digits of precision at most.</summary>
internal static class Durations
{
    public static string Short(TimeSpan time)
    {
        var seconds = (long)time.TotalSeconds;
        if (seconds < -1) return "<invalid>";
        if (seconds < 0) return "0s";
        if (seconds < 120) return $"{seconds}s";
        var (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        if (minutes < 10) return seconds % 60 == 0 ? $"{minutes}m" : $"{minutes}m{seconds % 60}s";
        if (minutes < 180) return $"{minutes}m";
        if (hours < 8) return minutes % 60 == 0 ? $"{hours}h" : $"{hours}h{minutes % 60}m";
        if (hours < 48) return $"{hours}h";
        if (hours < 192) return hours % 24 == 0 ? $"{days}d" : $"{days}d{hours % 24}h";
        if (days < 730) return $"{days}d";
        var (years, rest) = (days / 365, days % 365);
        return years < 8 && rest > 0 ? $"{years}y{rest}d" : $"{years}y";
    }
}
