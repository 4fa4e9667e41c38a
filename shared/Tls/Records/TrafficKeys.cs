using System.Buffers.Binary;
using System.Security.Cryptography;
using Ambient.Tls.OpenSsl;

namespace Ambient.Tls.Records;

/// <summary>Protects the records of one direction (RFC 8446 §5.2, §5.3). Secret; one thread at a time.</summary>
internal sealed class TrafficKeys : IDisposable
{
    private readonly CipherSuite _suite;
    private readonly bool _encrypt;
    private readonly byte[] _secret; // the traffic secret, then the IV
    private RecordCipher _cipher;

    /// <param name="secret">The traffic secret of this direction; copied.</param>
    /// <param name="sequence">Number of the next record.</param>
    public TrafficKeys(CipherSuite suite, ReadOnlySpan<byte> secret, ulong sequence, bool encrypt)
    {
        (_suite, _encrypt, Sequence) = (suite, encrypt, sequence);
        _secret = new byte[suite.HashBytes + RecordCipher.NonceBytes];
        secret[..suite.HashBytes].CopyTo(_secret);
        _cipher = CreateCipher();
    }

    /// <summary>Number of the next record, which is also how many the key has been used for.</summary>
    public ulong Sequence { get; private set; }

    public ReadOnlySpan<byte> Secret => _secret.AsSpan(0, _suite.HashBytes);

    /// <summary>Encrypts everything behind the header of <paramref name="record"/>, whose last 16 bytes are room for the tag.</summary>
    public void Seal(Span<byte> record)
    {
        Span<byte> nonce = stackalloc byte[RecordCipher.NonceBytes];
        WriteNonce(nonce);
        _cipher.Seal(nonce, record, TlsSession.HeaderBytes);
        Sequence++;
    }

    /// <summary>Decrypts <paramref name="record"/> in place; false if it is not authentic.</summary>
    public bool TryOpen(Span<byte> record)
    {
        Span<byte> nonce = stackalloc byte[RecordCipher.NonceBytes];
        WriteNonce(nonce);
        if (!_cipher.TryOpen(nonce, record, TlsSession.HeaderBytes)) return false;
        Sequence++;
        return true;
    }

    /// <summary>Moves on to the next generation of keys; the old ones are wiped.</summary>
    public void Update()
    {
        KeySchedule.UpdateSecret(_suite, _secret.AsSpan(0, _suite.HashBytes));
        Sequence = 0;
        _cipher.Dispose();
        _cipher = CreateCipher();
    }

    public void Dispose()
    {
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
    }

    private RecordCipher CreateCipher()
    {
        Span<byte> key = stackalloc byte[_suite.KeyBytes];
        KeySchedule.DeriveTrafficKeys(_suite, Secret, key, _secret.AsSpan(_suite.HashBytes));
        var cipher = _suite.CreateCipher(key, _encrypt);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }

    // The IV exclusive-or the record's number, padded to the left (RFC 8446 §5.3).
    private void WriteNonce(Span<byte> nonce)
    {
        _secret.AsSpan(_suite.HashBytes).CopyTo(nonce);
        var low = nonce[4..];
        BinaryPrimitives.WriteUInt64BigEndian(low, BinaryPrimitives.ReadUInt64BigEndian(low) ^ Sequence);
    }
}
