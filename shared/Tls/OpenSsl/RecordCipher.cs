using System.Runtime.CompilerServices;

namespace Ambient.Tls.OpenSsl;

/// <summary>AES-GCM under one key and one direction, on one kept context; works in place and allocates nothing.</summary>
/// <remarks>One thread at a time. The context holds the expanded key: dispose it as soon as the key is replaced.</remarks>
internal sealed unsafe class RecordCipher : IDisposable
{
    public const int NonceBytes = 12, TagBytes = 16;

    // Below this a whole call stays under a microsecond, so the collector may wait for it.
    private const int ShortBytes = 1024;

    private nint _context;
    private readonly int _encrypt;

    public RecordCipher(nint cipher, ReadOnlySpan<byte> key, bool encrypt)
    {
        _encrypt = encrypt ? 1 : 0;
        _context = OpenSslException.NotNull(LibCrypto.EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new");
        fixed (byte* k = key)
            OpenSslException.Succeeded(LibCrypto.EVP_CipherInit_ex(_context, cipher, 0, k, null, _encrypt), "EVP_CipherInit_ex");
    }

    ~RecordCipher() => Free();

    /// <summary>Encrypts <paramref name="record"/>[<paramref name="header"/>..^16] and writes the tag into its last 16 bytes.</summary>
    public void Seal(ReadOnlySpan<byte> nonce, Span<byte> record, int header)
    {
        Check(nonce, record, header);
        var content = record.Length - header - TagBytes;
        int written;
        fixed (byte* n = nonce, r = record)
        {
            var tag = r + header + content;
            var done = LibCrypto.SetNonce(_context, 0, 0, null, n, _encrypt) > 0
                && LibCrypto.UpdateShort(_context, null, &written, r, header) > 0
                && Update(r + header, content)
                && LibCrypto.Final(_context, tag, &written) > 0
                && LibCrypto.Control(_context, LibCrypto.CtrlAeadGetTag, TagBytes, tag) > 0;
            if (!done) throw new OpenSslException("AES-GCM encryption");
        }
        GC.KeepAlive(this);
    }

    /// <summary>Decrypts <paramref name="record"/>[<paramref name="header"/>..^16] in place and checks the tag behind it.</summary>
    /// <returns>False if the tag is wrong: then the content is not the peer's and must not be looked at.</returns>
    public bool TryOpen(ReadOnlySpan<byte> nonce, Span<byte> record, int header)
    {
        Check(nonce, record, header);
        var content = record.Length - header - TagBytes;
        int written;
        bool authentic;
        fixed (byte* n = nonce, r = record)
        {
            var tag = r + header + content;
            authentic = LibCrypto.SetNonce(_context, 0, 0, null, n, _encrypt) > 0
                && LibCrypto.UpdateShort(_context, null, &written, r, header) > 0
                && Update(r + header, content)
                && LibCrypto.Control(_context, LibCrypto.CtrlAeadSetTag, TagBytes, tag) > 0
                && LibCrypto.Final(_context, tag, &written) > 0;
        }
        GC.KeepAlive(this);
        return authentic;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Update(byte* content, int length)
    {
        int written;
        return length <= ShortBytes
            ? length == 0 || LibCrypto.UpdateShort(_context, content, &written, content, length) > 0
            : LibCrypto.UpdateLong(_context, content, &written, content, length) > 0;
    }

    private void Check(ReadOnlySpan<byte> nonce, Span<byte> record, int header)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        if (nonce.Length != NonceBytes || header < 1 || record.Length < header + TagBytes)
            throw new ArgumentException("A record needs a 12-byte nonce, a header and room for a 16-byte tag.");
    }

    private void Free()
    {
        LibCrypto.EVP_CIPHER_CTX_free(_context); // wipes the key schedule; does nothing for null
        _context = 0;
    }
}
