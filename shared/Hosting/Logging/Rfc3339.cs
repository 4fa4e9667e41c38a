namespace Ambient.Hosting.Logging;

/// <summary><c>2030-01-02T03:04:05.000006Z</c>, by hand: every line has one, and the framework's formatter takes ten times as long.</summary>
internal static class Rfc3339
{
    public const int Length = 27;

    /// <param name="into">At least <see cref="Length"/> bytes.</param>
    /// <returns><see cref="Length"/>.</returns>
    public static int Format(DateTimeOffset time, Span<byte> into)
    {
        var utc = time.UtcDateTime;
        "0000-00-00T00:00:00.000000Z"u8.CopyTo(into);
        Write(into[..4], utc.Year);
        Write(into[5..7], utc.Month);
        Write(into[8..10], utc.Day);
        Write(into[11..13], utc.Hour);
        Write(into[14..16], utc.Minute);
        Write(into[17..19], utc.Second);
        Write(into[20..26], (int)(utc.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond));
        return Length;
    }

    private static void Write(Span<byte> digits, int number)
    {
        for (var i = digits.Length - 1; i >= 0; i--, number /= 10) digits[i] = (byte)('0' + number % 10);
    }
}
