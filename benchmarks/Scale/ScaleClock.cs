using System.Globalization;
using System.Text;

namespace Ambient.Scale;

/// <summary>A time that travels as a label's value through everything, and is found again in the bytes that come out.</summary>
internal static class ScaleClock
{
    private const int Digits = 13; // milliseconds since 1970

    private static readonly byte[] Mark = "stamp-"u8.ToArray();

    public static string Stamp() => $"{Encoding.ASCII.GetString(Mark)}{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Adds how old each stamp in <paramref name="bytes"/> is, in milliseconds.</summary>
    public static void Read(ReadOnlySpan<byte> bytes, List<double> ages)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        while (bytes.IndexOf(Mark) is >= 0 and var at && at + Mark.Length + Digits <= bytes.Length)
        {
            bytes = bytes[(at + Mark.Length)..];
            if (long.TryParse(bytes[..Digits], NumberStyles.None, CultureInfo.InvariantCulture, out var stamp)) ages.Add(now - stamp);
        }
    }
}
