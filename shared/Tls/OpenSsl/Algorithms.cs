namespace Ambient.Tls.OpenSsl;

/// <summary>Digests and ciphers, fetched from their provider once: a lookup by name costs more than hashing a label.</summary>
internal static unsafe class Algorithms
{
    public static readonly nint Sha256 = Digest("SHA2-256\0"u8), Sha384 = Digest("SHA2-384\0"u8);
    public static readonly nint Aes128Gcm = Cipher("AES-128-GCM\0"u8), Aes256Gcm = Cipher("AES-256-GCM\0"u8);

    public const int Sha256Bytes = 32;

    /// <summary>HMAC (RFC 2104) of <paramref name="data"/> into <paramref name="mac"/>, which has the digest's length.</summary>
    public static void Hmac(nint digest, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> mac)
    {
        uint length = 0;
        fixed (byte* k = key, d = data, m = mac)
            if (LibCrypto.HMAC(digest, k, key.Length, d, (nuint)data.Length, m, &length) == null || length != mac.Length)
                throw new OpenSslException("HMAC");
    }

    public static void HashSha256(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hash.Length, Sha256Bytes);
        fixed (byte* d = data, h = hash)
            OpenSslException.Succeeded(LibCrypto.EVP_Digest(d, (nuint)data.Length, h, null, Sha256, 0), "EVP_Digest");
    }

    private static nint Digest(ReadOnlySpan<byte> name)
    {
        fixed (byte* n = name) return OpenSslException.NotNull(LibCrypto.EVP_MD_fetch(0, n, 0), "EVP_MD_fetch");
    }

    private static nint Cipher(ReadOnlySpan<byte> name)
    {
        fixed (byte* n = name) return OpenSslException.NotNull(LibCrypto.EVP_CIPHER_fetch(0, n, 0), "EVP_CIPHER_fetch");
    }
}
