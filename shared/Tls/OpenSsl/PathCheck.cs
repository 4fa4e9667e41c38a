namespace Ambient.Tls.OpenSsl;

/// <summary>One attempt to build and check a path to the roots in one store (X509_STORE_CTX*).</summary>
internal readonly unsafe ref struct PathCheck
{
    private readonly nint _context;

    /// <param name="presented">The peer's list, leaf included; borrowed.</param>
    public PathCheck(nint store, nint leaf, nint presented, bool peerIsClient, DateTimeOffset now)
    {
        _context = OpenSslException.NotNull(LibCrypto.X509_STORE_CTX_new(), "X509_STORE_CTX_new");
        OpenSslException.Succeeded(LibCrypto.X509_STORE_CTX_init(_context, store, leaf, presented), "X509_STORE_CTX_init");
        fixed (byte* purpose = peerIsClient ? "ssl_client\0"u8 : "ssl_server\0"u8)
            OpenSslException.Succeeded(LibCrypto.X509_STORE_CTX_set_default(_context, purpose), "X509_STORE_CTX_set_default");
        LibCrypto.X509_VERIFY_PARAM_set_auth_level(LibCrypto.X509_STORE_CTX_get0_param(_context), SslContext.SecurityLevel);
        LibCrypto.X509_STORE_CTX_set_time(_context, 0, now.ToUnixTimeSeconds());
    }

    public List<byte[]>? FindPath(out int error, out int depth)
    {
        var valid = LibCrypto.X509_verify_cert(_context) > 0;
        error = LibCrypto.X509_STORE_CTX_get_error(_context);
        depth = LibCrypto.X509_STORE_CTX_get_error_depth(_context);
        if (!valid) return null;

        var path = new List<byte[]>();
        var chain = LibCrypto.X509_STORE_CTX_get0_chain(_context);
        for (var i = 0; i < LibCrypto.OPENSSL_sk_num(chain); i++)
            path.Add(Certificate.ToDer(LibCrypto.OPENSSL_sk_value(chain, i)));
        return path;
    }

    public void Dispose() => LibCrypto.X509_STORE_CTX_free(_context);
}
