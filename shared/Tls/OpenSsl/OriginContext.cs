namespace Ambient.Tls.OpenSsl;

/// <summary>Trust, names and certificate for connections to one destination, parsed once for all of them (SSL_CTX*). Thread-safe.</summary>
/// <remarks>TLS 1.2 and 1.3, as servers outside of the mesh have them; keys from 112 bits of security.</remarks>
public sealed unsafe class OriginContext : IDisposable
{
    private const int MaxRoots = 512, MaxChain = 8, MaxPresentedBytes = 64 * 1024;

    private readonly nint _context;
    private int _disposed;

    /// <exception cref="TlsConfigurationException">Something in it cannot be read, or does not belong together.</exception>
    public OriginContext(OriginSettings settings)
    {
        Settings = settings;
        OpenSslError.Clear();
        _context = OpenSslException.NotNull(LibSsl.SSL_CTX_new(LibSsl.TLS_client_method()), "SSL_CTX_new");
        try
        {
            SetParameters();
            SetTrust();
            if (settings.Certificates is not null) SetCredentials(settings.Certificates, settings.Key ?? "");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    ~OriginContext() => Free();

    public OriginSettings Settings { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    internal nint NewConnection()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var ssl = LibSsl.SSL_new(_context); // takes its own reference to the context
        GC.KeepAlive(this);
        return OpenSslException.NotNull(ssl, "SSL_new");
    }

    private void SetParameters()
    {
        LibSsl.SSL_CTX_set_security_level(_context, SslContext.SecurityLevel);
        OpenSslException.Succeeded(LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlSetMinProtocol, LibSsl.Tls12, null), "Setting the minimum protocol version");
        LibSsl.SSL_CTX_set_options(_context, LibSsl.OptionNoCompression | LibSsl.OptionNoRenegotiation);
        LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlSetSessionCacheMode, 0, null);
        LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlSetMaxCertList, MaxPresentedBytes, null);
        LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlMode, LibSsl.ModeNoAutoChain | LibSsl.ModeReleaseBuffers, null);
    }

    private void SetTrust()
    {
        LibSsl.SSL_CTX_set_verify(_context, Settings.AcceptsAnyone ? LibSsl.VerifyNone : LibSsl.VerifyPeer, 0);
        if (Settings.Roots is not { } pem)
        {
            OpenSslException.Succeeded(LibSsl.SSL_CTX_set_default_verify_paths(_context), "SSL_CTX_set_default_verify_paths");
            return;
        }
        var store = LibSsl.SSL_CTX_get_cert_store(_context);
        LibCrypto.X509_STORE_set_flags(store, LibCrypto.VerifyPartialChain);
        var roots = Certificate.ReadPem(pem, "bundle of certificate authorities", MaxRoots);
        foreach (var root in roots) LibCrypto.X509_STORE_add_cert(store, root); // takes a reference; twice the same is no harm
        Certificate.FreeAll(roots);
    }

    private void SetCredentials(string certificates, string keyPem)
    {
        var chain = Certificate.ReadPem(certificates, "client certificate", MaxChain);
        nint key = 0;
        try
        {
            key = PrivateKey.FromPem(keyPem, chain[0]);
            OpenSslException.Succeeded(LibSsl.SSL_CTX_use_certificate(_context, chain[0]), "SSL_CTX_use_certificate");
            OpenSslException.Succeeded(LibSsl.SSL_CTX_use_PrivateKey(_context, key), "SSL_CTX_use_PrivateKey");
            const int takeReference = 1;
            foreach (var issuer in chain.Skip(1))
                OpenSslException.Succeeded(LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlChainCert, takeReference, (void*)issuer), "SSL_CTX_add1_chain_cert");
        }
        finally
        {
            if (key != 0) PrivateKey.Free(key);
            Certificate.FreeAll(chain);
        }
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) LibSsl.SSL_CTX_free(_context);
    }
}
