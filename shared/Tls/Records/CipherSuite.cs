using Ambient.Tls.OpenSsl;

namespace Ambient.Tls.Records;

/// <summary>A TLS 1.3 cipher suite (RFC 8446 §B.4) as far as records need it.</summary>
internal sealed class CipherSuite
{
    public static readonly CipherSuite Aes256GcmSha384 = new(0x1302, "TLS_AES_256_GCM_SHA384", 32, 48, Algorithms.Aes256Gcm, Algorithms.Sha384);
    public static readonly CipherSuite Aes128GcmSha256 = new(0x1301, "TLS_AES_128_GCM_SHA256", 16, 32, Algorithms.Aes128Gcm, Algorithms.Sha256);

    public const int MaxHashBytes = 48, MaxKeyBytes = 32;

    private readonly nint _cipher;

    private CipherSuite(ushort id, string name, int keyBytes, int hashBytes, nint cipher, nint digest)
    {
        (Id, Name, KeyBytes, HashBytes, _cipher, Digest) = (id, name, keyBytes, hashBytes, cipher, digest);
    }

    public ushort Id { get; }
    public string Name { get; }
    public int KeyBytes { get; }

    /// <summary>Length of the hash, and so of a traffic secret.</summary>
    public int HashBytes { get; }

    public nint Digest { get; }

    public static CipherSuite? Find(ushort id) =>
        id == Aes256GcmSha384.Id ? Aes256GcmSha384 : id == Aes128GcmSha256.Id ? Aes128GcmSha256 : null;

    public RecordCipher CreateCipher(ReadOnlySpan<byte> key, bool encrypt) => new(_cipher, key, encrypt);
}
