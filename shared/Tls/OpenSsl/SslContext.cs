using System.Text;

namespace Ambient.Tls.OpenSsl;

/// <summary>One role's settings, certificate and key, parsed once for all connections (SSL_CTX*). Thread-safe once made.</summary>
internal sealed unsafe class SslContext : IDisposable
{
    private const int MaxPresentedBytes = 64 * 1024;
    internal const int SecurityLevel = 2; // at least 112 bits: RSA from 2048, no SHA-1

    // Those that a verifier of web PKI certificates knows; the PKCS#1 ones only for signatures inside certificates.
    private const string SignatureAlgorithms =
        "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:" +
        "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512";

    private readonly nint _context;
    private int _disposed;

    private SslContext(bool isServer)
    {
        IsServer = isServer;
        _context = OpenSslException.NotNull(
            LibSsl.SSL_CTX_new(isServer ? LibSsl.TLS_server_method() : LibSsl.TLS_client_method()), "SSL_CTX_new");
    }

    ~SslContext() => Free();

    public bool IsServer { get; }

    /// <param name="chain">Our certificates, leaf first; borrowed.</param>
    /// <param name="key">The leaf's private key; borrowed.</param>
    public static SslContext Create(bool isServer, IReadOnlyList<nint> chain, nint key, TrustBundle trust, TlsOptions options)
    {
        OpenSslError.Clear();
        var context = new SslContext(isServer);
        try
        {
            context.SetParameters(options);
            context.SetCredentials(chain, key);
            context.SetVerification(trust);
            context.SetApplicationProtocol();
            LibSsl.SSL_CTX_set_keylog_callback(context._context, &SslConnection.OnSecret);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>A new SSL*; the caller owns it.</summary>
    public nint NewConnection()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var ssl = LibSsl.SSL_new(_context); // takes its own reference to the context
        GC.KeepAlive(this);
        return OpenSslException.NotNull(ssl, "SSL_new");
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) LibSsl.SSL_CTX_free(_context);
    }

    // Everything that the system's openssl.cnf could have changed is set here.
    private void SetParameters(TlsOptions options)
    {
        LibSsl.SSL_CTX_set_security_level(_context, SecurityLevel);
        Control(LibSsl.CtrlSetMinProtocol, LibSsl.Tls13, "the minimum protocol version");
        Control(LibSsl.CtrlSetMaxProtocol, LibSsl.Tls13, "the maximum protocol version");
        LibSsl.SSL_CTX_set_options(_context, LibSsl.OptionNoTicket | LibSsl.OptionNoCompression | LibSsl.OptionServerPreference
            | LibSsl.OptionNoRenegotiation | LibSsl.OptionNoTxCertificateCompression | LibSsl.OptionNoRxCertificateCompression);
        LibSsl.SSL_CTX_set_num_tickets(_context, 0);
        LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlSetSessionCacheMode, 0, null);
        LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlSetMaxCertList, MaxPresentedBytes, null);
        // Without NO_AUTO_CHAIN libssl looks for our own issuers in the trust store at every handshake.
        LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlMode, LibSsl.ModeNoAutoChain, null);

        fixed (byte* suites = Text(string.Join(':', options.CipherSuites)))
            OpenSslException.Succeeded(LibSsl.SSL_CTX_set_ciphersuites(_context, suites), "SSL_CTX_set_ciphersuites");
        if (!TrySetList(LibSsl.CtrlSetSignatureAlgorithmsList, SignatureAlgorithms))
            throw new OpenSslException("Setting the signature algorithms");
        SetGroups(options.Groups);
    }

    private void SetGroups(IReadOnlyList<string> groups)
    {
        var known = groups.Where(group => TrySetList(LibSsl.CtrlSetGroupsList, group)).ToList();
        if (known.Count == 0 || !TrySetList(LibSsl.CtrlSetGroupsList, string.Join(':', known)))
            throw new TlsConfigurationException($"The loaded OpenSSL has none of the key exchange groups {string.Join(", ", groups)}. " +
                "Choose others, or install OpenSSL 3.5 or later for X25519MLKEM768.");
        OpenSslError.Clear();
    }

    private void SetCredentials(IReadOnlyList<nint> chain, nint key)
    {
        OpenSslException.Succeeded(LibSsl.SSL_CTX_use_certificate(_context, chain[0]), "SSL_CTX_use_certificate");
        OpenSslException.Succeeded(LibSsl.SSL_CTX_use_PrivateKey(_context, key), "SSL_CTX_use_PrivateKey");
        const int takeReference = 1;
        for (var i = 1; i < chain.Count; i++)
            OpenSslException.Succeeded(LibSsl.SSL_CTX_ctrl(_context, LibSsl.CtrlChainCert, takeReference, (void*)chain[i]), "SSL_CTX_add1_chain_cert");
    }

    private void SetVerification(TrustBundle trust)
    {
        LibSsl.SSL_CTX_set_verify(_context, LibSsl.VerifyPeer | LibSsl.VerifyFailIfNoPeerCertificate, 0);
        LibSsl.SSL_CTX_set_cert_verify_callback(_context, &SslConnection.OnVerify, 0);
        if (!IsServer) return;
        foreach (var root in trust.Roots) // hints for the client which certificate to choose (RFC 8446 §4.2.4)
            OpenSslException.Succeeded(LibSsl.SSL_CTX_add_client_CA(_context, root), "SSL_CTX_add_client_CA");
    }

    private void SetApplicationProtocol()
    {
        if (IsServer)
        {
            LibSsl.SSL_CTX_set_alpn_select_cb(_context, &SslConnection.OnSelectProtocol, 0);
            return;
        }
        fixed (byte* h2 = "\u0002h2"u8)
            if (LibSsl.SSL_CTX_set_alpn_protos(_context, h2, 3) != 0) throw new OpenSslException("SSL_CTX_set_alpn_protos"); // 0 is success here
    }

    private bool TrySetList(int command, string list)
    {
        fixed (byte* text = Text(list)) return LibSsl.SSL_CTX_ctrl(_context, command, 0, text) > 0;
    }

    private void Control(int command, long value, string what) =>
        OpenSslException.Succeeded(LibSsl.SSL_CTX_ctrl(_context, command, value, null), $"Setting {what}");

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text + '\0');
}
