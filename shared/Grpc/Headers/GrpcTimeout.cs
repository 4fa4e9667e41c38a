using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Ambient.Grpc.Headers;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit.</summary>
public static class GrpcTimeout
{
    public const string HeaderName = "grpc-timeout";

    /// <summary>Eight digits and a unit.</summary>
    public const int MaxLength = 9;

    private const long MaxDigits = 99_999_999;
    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('u', TimeSpan.TicksPerMicrosecond), ('m', TimeSpan.TicksPerMillisecond), ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute), ('H', TimeSpan.TicksPerHour),
    ];

    /// <summary>Rounded up to the finest unit that fits eight digits, so that nobody gives up early; at least 1 µs.</summary>
    public static string Write(TimeSpan timeout)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        return Encoding.ASCII.GetString(text[..Write(timeout, text)]);
    }

    /// <param name="into">Room for <see cref="MaxLength"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(TimeSpan timeout, Span<byte> into)
    {
        var (count, unit) = Rounded(timeout);
        Utf8Formatter.TryFormat(count, into, out var length);
        into[length] = (byte)unit;
        return length + 1;
    }

    private static (long Count, char Unit) Rounded(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero) return (1, 'u');
        foreach (var (unit, ticks) in Units)
        {
            var count = (timeout.Ticks + ticks - 1) / ticks;
            if (count <= MaxDigits) return (count, unit);
        }
        return (MaxDigits, 'H'); // eleven thousand years
    }

    /// <inheritdoc cref="TryRead(ReadOnlySpan{char}, out TimeSpan)"/>
    public static bool TryRead(ReadOnlySpan<byte> text, out TimeSpan timeout)
    {
        timeout = default;
        Span<char> chars = stackalloc char[MaxLength];
        return Encoding.ASCII.TryGetChars(text, chars, out var length) && TryRead(chars[..length], out timeout);
    }

    /// <returns>False if it is not a timeout; the call is to be refused then.</returns>
    public static bool TryRead(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
        if (text[^1] == 'n')
        {
            timeout = TimeSpan.FromTicks((count + 99) / 100);
            return true;
        }
        foreach (var (unit, ticks) in Units)
        {
            if (unit != text[^1]) continue;
            timeout = TimeSpan.FromTicks((long)Int128.Min((Int128)count * ticks, TimeSpan.MaxValue.Ticks));
            return true;
        }
        return false;
    }
}
