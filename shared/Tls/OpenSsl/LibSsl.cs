using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Everything below is blittable, so that a call is a plain call.
[assembly: DisableRuntimeMarshalling]
// Only the system's directories: a file planted beside the program is not our TLS library.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Ambient.Tls.OpenSsl;

/// <summary>libssl with its C names and nothing else (OpenSSL 3.0 and later, &lt;openssl/ssl.h&gt;).</summary>
internal static unsafe partial class LibSsl
{
    private const string Library = "libssl.so.3";

    internal const int Tls12 = 0x0303, Tls13 = 0x0304;
    internal const int VerifyNone = 0, VerifyPeer = 1, VerifyFailIfNoPeerCertificate = 2;
    internal const int ErrorWantRead = 2, ErrorZeroReturn = 6;
    internal const int CtrlMode = 33, CtrlSetSessionCacheMode = 44, CtrlSetMaxCertList = 51, CtrlSetServerName = 55, CtrlChainCert = 89,
        CtrlSetGroupsList = 92, CtrlSetSignatureAlgorithmsList = 98, CtrlSetMinProtocol = 123, CtrlSetMaxProtocol = 124;
    internal const long ModeNoAutoChain = 0x8, ModeReleaseBuffers = 0x10;
    internal const ulong OptionNoTicket = 1UL << 14, OptionNoCompression = 1UL << 17, OptionServerPreference = 1UL << 22,
        OptionNoRenegotiation = 1UL << 30, OptionNoTxCertificateCompression = 1UL << 32, OptionNoRxCertificateCompression = 1UL << 33;
    internal const int TlsExtErrOk = 0, TlsExtErrAlertFatal = 2;

    [LibraryImport(Library)] internal static partial nint TLS_client_method();
    [LibraryImport(Library)] internal static partial nint TLS_server_method();
    [LibraryImport(Library)] internal static partial nint SSL_CTX_new(nint method);
    [LibraryImport(Library)] internal static partial void SSL_CTX_free(nint context);
    [LibraryImport(Library)] internal static partial long SSL_CTX_ctrl(nint context, int command, long number, void* pointer);
    [LibraryImport(Library)] internal static partial ulong SSL_CTX_set_options(nint context, ulong options);
    [LibraryImport(Library)] internal static partial int SSL_CTX_set_num_tickets(nint context, nuint count);
    [LibraryImport(Library)] internal static partial void SSL_CTX_set_security_level(nint context, int level);
    [LibraryImport(Library)] internal static partial int SSL_CTX_set_ciphersuites(nint context, byte* names);
    [LibraryImport(Library)] internal static partial int SSL_CTX_set_alpn_protos(nint context, byte* protocols, uint length);
    [LibraryImport(Library)] internal static partial void SSL_CTX_set_alpn_select_cb(nint context,
        delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> select, nint argument);
    [LibraryImport(Library)] internal static partial void SSL_CTX_set_keylog_callback(nint context,
        delegate* unmanaged[Cdecl]<nint, byte*, void> log);
    [LibraryImport(Library)] internal static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);
    [LibraryImport(Library)] internal static partial void SSL_CTX_set_cert_verify_callback(nint context,
        delegate* unmanaged[Cdecl]<nint, nint, int> verify, nint argument);
    [LibraryImport(Library)] internal static partial int SSL_CTX_add_client_CA(nint context, nint certificate);
    [LibraryImport(Library)] internal static partial int SSL_CTX_use_certificate(nint context, nint certificate);
    [LibraryImport(Library)] internal static partial int SSL_CTX_use_PrivateKey(nint context, nint key);

    [LibraryImport(Library)] internal static partial nint SSL_CTX_get_cert_store(nint context);
    [LibraryImport(Library)] internal static partial int SSL_CTX_set_default_verify_paths(nint context);

    [LibraryImport(Library)] internal static partial nint SSL_new(nint context);
    [LibraryImport(Library)] internal static partial void SSL_free(nint ssl);
    [LibraryImport(Library)] internal static partial int SSL_set_ex_data(nint ssl, int index, nint value);
    [LibraryImport(Library), SuppressGCTransition] internal static partial nint SSL_get_ex_data(nint ssl, int index);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int SSL_get_ex_data_X509_STORE_CTX_idx();
    [LibraryImport(Library)] internal static partial void SSL_set_bio(nint ssl, nint read, nint write);
    [LibraryImport(Library)] internal static partial void SSL_set_connect_state(nint ssl);
    [LibraryImport(Library)] internal static partial void SSL_set_accept_state(nint ssl);
    [LibraryImport(Library)] internal static partial int SSL_do_handshake(nint ssl);
    [LibraryImport(Library)] internal static partial long SSL_ctrl(nint ssl, int command, long number, void* pointer);
    [LibraryImport(Library)] internal static partial int SSL_set_alpn_protos(nint ssl, byte* protocols, uint length);
    [LibraryImport(Library)] internal static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);
    [LibraryImport(Library)] internal static partial int SSL_read(nint ssl, void* into, int length);
    [LibraryImport(Library)] internal static partial int SSL_write(nint ssl, void* from, int length);
    [LibraryImport(Library)] internal static partial int SSL_pending(nint ssl);
    [LibraryImport(Library)] internal static partial int SSL_shutdown(nint ssl);
    [LibraryImport(Library)] internal static partial nint SSL_get1_peer_certificate(nint ssl);
    [LibraryImport(Library)] internal static partial long SSL_get_verify_result(nint ssl);
    [LibraryImport(Library)] internal static partial int SSL_get_error(nint ssl, int result);
    [LibraryImport(Library)] internal static partial int SSL_has_pending(nint ssl);
    [LibraryImport(Library)] internal static partial nint SSL_get_current_cipher(nint ssl);
    [LibraryImport(Library)] internal static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);
    [LibraryImport(Library)] internal static partial int SSL_version(nint ssl);
    [LibraryImport(Library)] internal static partial nint SSL_get_session(nint ssl);
    [LibraryImport(Library)] internal static partial byte SSL_SESSION_get_max_fragment_length(nint session);
}
