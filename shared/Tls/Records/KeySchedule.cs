using System.Buffers.Binary;
using System.Security.Cryptography;
using Ambient.Tls.OpenSsl;

namespace Ambient.Tls.Records;

/// <summary>The part of the TLS 1.3 key schedule (RFC 8446 §7) that comes after the handshake.</summary>
internal static class KeySchedule
{
    private const int MaxInfoBytes = 2 + 1 + 6 + 12 + 1 + 1;

    /// <summary>The key and IV of one direction (RFC 8446 §7.3).</summary>
    public static void DeriveTrafficKeys(CipherSuite suite, ReadOnlySpan<byte> secret, Span<byte> key, Span<byte> iv)
    {
        ExpandLabel(suite, secret, "key"u8, key[..suite.KeyBytes]);
        ExpandLabel(suite, secret, "iv"u8, iv[..RecordCipher.NonceBytes]);
    }

    /// <summary>Replaces a traffic secret by its successor (RFC 8446 §7.2).</summary>
    public static void UpdateSecret(CipherSuite suite, Span<byte> secret)
    {
        Span<byte> next = stackalloc byte[suite.HashBytes];
        ExpandLabel(suite, secret, "traffic upd"u8, next);
        next.CopyTo(secret);
        CryptographicOperations.ZeroMemory(next);
    }

    /// <summary>HKDF-Expand-Label with an empty context (RFC 8446 §7.1), for outputs no longer than one hash.</summary>
    public static void ExpandLabel(CipherSuite suite, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(output.Length, suite.HashBytes);
        Span<byte> info = stackalloc byte[MaxInfoBytes];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)output.Length);
        info[2] = (byte)(6 + label.Length);
        "tls13 "u8.CopyTo(info[3..]);
        label.CopyTo(info[9..]);
        info[9 + label.Length] = 0; // no context
        info[10 + label.Length] = 1; // HKDF-Expand's counter (RFC 5869 §2.3): T(1) is all we need

        Span<byte> block = stackalloc byte[suite.HashBytes];
        Algorithms.Hmac(suite.Digest, secret[..suite.HashBytes], info[..(11 + label.Length)], block);
        block[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(block);
    }
}
