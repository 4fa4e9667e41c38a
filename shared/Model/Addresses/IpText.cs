using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Ambient.Model.Addresses;

/// <summary>Strict reading of IP addresses: four decimal parts, or RFC 4291 §2.2. No zone, no port, no octal, no short forms.</summary>
public static class IpText
{
    private const int LongestIPv6 = 45; // "ffff:...:255.255.255.255"

    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text.Length is 0 or > LongestIPv6) return false;
        if (text.Contains(':'))
            return !text.ContainsAny("[]%/") && IPAddress.TryParse(text, out address);
        return IsDottedQuad(text) && IPAddress.TryParse(text, out address);
    }

    // IPAddress.TryParse also takes "1", "0x7f.1" and "010.0.0.1" (octal), each of which another reader takes otherwise.
    private static bool IsDottedQuad(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0')) return false;
            if (part.ContainsAnyExceptInRange('0', '9')) return false;
            parts++;
        }
        return parts == 4;
    }
}
