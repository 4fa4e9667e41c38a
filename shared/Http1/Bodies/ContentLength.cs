namespace Ambient.Http1.Bodies;

/// <summary>1*DIGIT below 2^63 (RFC 9110 §8.6): no sign, no list, no spaces.</summary>
internal static class ContentLength
{
    public static bool TryParse(ReadOnlySpan<byte> digits, out long length)
    {
        length = 0;
        // 19 digits hold every long; more could only be zeros in front, which no sender writes.
        if (digits.Length is 0 or > 19) return false;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            if (length > (long.MaxValue - (digit - '0')) / 10) return false;
            length = length * 10 + (digit - '0');
        }

        return true;
    }
}
