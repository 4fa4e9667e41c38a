using System.Globalization;
using System.Text;

namespace Ambient.Grpc.Headers;

/// <summary>The <c>grpc-message</c> header: UTF-8 in which everything but printable ASCII, and '%' itself, is percent-encoded.</summary>
public static class StatusMessage
{
    /// <summary>Longest text sent, in bytes of UTF-8: peers bound the size of trailers, and a refused trailer loses the status too.</summary>
    public const int MaxBytes = 2048;

    public static string Encode(string detail)
    {
        var bytes = Encoding.UTF8.GetBytes(detail);
        var encoded = new StringBuilder(bytes.Length);
        foreach (var value in bytes.AsSpan(0, Math.Min(bytes.Length, MaxBytes)))
        {
            if (value is >= (byte)' ' and <= (byte)'~' and not (byte)'%') encoded.Append((char)value);
            else encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
        }
        return encoded.ToString();
    }

    /// <summary>Never fails: what is not percent-encoding stays as it is, what is not UTF-8 becomes U+FFFD.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%')) return text;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else if (char.IsAscii(text[i])) bytes.Add((byte)text[i]);
            else bytes.AddRange(Encoding.UTF8.GetBytes(text.AsSpan(i, 1).ToString()));
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
