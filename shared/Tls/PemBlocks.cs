using System.Security.Cryptography;

namespace Ambient.Tls;

/// <summary>Reads PEM files (RFC 7468).</summary>
internal static class PemBlocks
{
    /// <summary>The contents of all blocks with <paramref name="label"/>, in order; other blocks and text are skipped.</summary>
    /// <returns>False if a block with that label begins but does not end, or holds something else than base64.</returns>
    public static bool TryRead(ReadOnlySpan<char> pem, string label, List<byte[]> into)
    {
        var begun = pem.Count($"-----BEGIN {label}-----");
        while (PemEncoding.TryFind(pem, out var fields))
        {
            if (pem[fields.Label].SequenceEqual(label))
            {
                var content = new byte[fields.DecodedDataLength];
                if (!Convert.TryFromBase64Chars(pem[fields.Base64Data], content, out _)) return false;
                into.Add(content);
                begun--;
            }
            pem = pem[fields.Location.End..];
        }
        return begun == 0;
    }
}
