using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Ambient.Tls.Tests.Scenes;

/// <summary>The other end of a session, written with the framework's HKDF and AesGcm as plainly as possible.</summary>
internal sealed class ReferencePeer
{
    public const byte Alert = 21, Handshake = 22, Data = 23;

    private readonly HashAlgorithmName _hash;
    private readonly int _keyBytes;
    private byte[] _writeSecret, _readSecret;
    private ulong _written, _read;

    public ReferencePeer(bool aes256, byte[] writeSecret, byte[] readSecret)
    {
        (_hash, _keyBytes) = aes256 ? (HashAlgorithmName.SHA384, 32) : (HashAlgorithmName.SHA256, 16);
        (_writeSecret, _readSecret) = (writeSecret, readSecret);
    }

    public byte[] Seal(byte type, ReadOnlySpan<byte> content, int padding = 0) => SealInner([.. content, type, .. new byte[padding]]);

    /// <param name="inner">Content, type and padding; anything, for hostile records.</param>
    public byte[] SealInner(byte[] inner)
    {
        var record = new byte[5 + inner.Length + 16];
        record[0] = 23;
        record[1] = record[2] = 3;
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(3), (ushort)(inner.Length + 16));
        var (key, nonce) = Derive(_writeSecret, _written++);
        using var gcm = new AesGcm(key, 16);
        gcm.Encrypt(nonce, inner, record.AsSpan(5, inner.Length), record.AsSpan(5 + inner.Length), record.AsSpan(0, 5));
        return record;
    }

    public (byte Type, byte[] Content) Open(ReadOnlySpan<byte> record)
    {
        var (key, nonce) = Derive(_readSecret, _read++);
        var inner = new byte[record.Length - 5 - 16];
        using var gcm = new AesGcm(key, 16);
        gcm.Decrypt(nonce, record[5..^16], record[^16..], inner, record[..5]);
        var end = Array.FindLastIndex(inner, value => value != 0);
        return (inner[end], inner[..end]);
    }

    /// <summary>Opens records until the bytes end.</summary>
    public List<(byte Type, byte[] Content)> OpenAll(ReadOnlySpan<byte> bytes)
    {
        var opened = new List<(byte, byte[])>();
        while (!bytes.IsEmpty)
        {
            var length = 5 + BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
            opened.Add(Open(bytes[..length]));
            bytes = bytes[length..];
        }
        return opened;
    }

    public byte[] KeyUpdate(bool request)
    {
        var record = Seal(Handshake, [24, 0, 0, 1, request ? (byte)1 : (byte)0]);
        (_writeSecret, _written) = (Expand(_writeSecret, "traffic upd", _writeSecret.Length), 0);
        return record;
    }

    public void PeerUpdated() => (_readSecret, _read) = (Expand(_readSecret, "traffic upd", _readSecret.Length), 0);

    private (byte[] Key, byte[] Nonce) Derive(byte[] secret, ulong number)
    {
        var nonce = Expand(secret, "iv", 12);
        for (var i = 0; i < 8; i++) nonce[11 - i] ^= (byte)(number >> 8 * i);
        return (Expand(secret, "key", _keyBytes), nonce);
    }

    private byte[] Expand(byte[] secret, string label, int length)
    {
        var name = System.Text.Encoding.ASCII.GetBytes("tls13 " + label);
        return HKDF.Expand(_hash, secret, length, [(byte)(length >> 8), (byte)length, (byte)name.Length, .. name, 0]);
    }
}
