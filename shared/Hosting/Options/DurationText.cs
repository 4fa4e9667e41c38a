using System.Globalization;

namespace Ambient.Hosting.Options;

/// <summary>Durations as people write them: <c>10s</c>, <c>1h30m</c>, <c>1.5s</c>; a number alone is seconds.</summary>
public static class DurationText
{
    private static readonly (string Unit, double Seconds)[] Units =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("w", 604800)];

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        if (text.IsEmpty) return false;

        double seconds = 0;
        var pieces = 0;
        while (!text.IsEmpty)
        {
            if (!TryTakePiece(ref text, alone: pieces++ == 0, out var piece)) return false;
            seconds += piece;
        }

        if (seconds > TimeSpan.MaxValue.TotalSeconds) return false;
        duration = TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    /// <summary>The shortest text that <see cref="TryParse"/> reads as the same.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero) return "0s";
        for (var i = Units.Length - 1; i >= 0; i--)
        {
            var (unit, seconds) = Units[i];
            var ticks = (long)(seconds * TimeSpan.TicksPerSecond);
            if (ticks > 0 && duration.Ticks % ticks == 0) return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / ticks}{unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks * 100}ns");
    }

    private static bool TryTakePiece(ref ReadOnlySpan<char> text, bool alone, out double seconds)
    {
        seconds = 0;
        text = text.TrimStart(' ');
        var digits = text.IndexOfAnyExcept("0123456789.");
        var number = digits < 0 ? text : text[..digits];
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)) return false;

        text = text[number.Length..];
        if (text.IsEmpty)
        {
            seconds = amount;
            return alone;
        }

        var end = text.IndexOfAny("0123456789. ");
        var unit = end < 0 ? text : text[..end];
        text = text[unit.Length..];
        foreach (var (name, factor) in Units)
        {
            if (!unit.SequenceEqual(name)) continue;
            seconds = amount * factor;
            return true;
        }

        return false;
    }
}
