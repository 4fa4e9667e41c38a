using System.Runtime.InteropServices;

namespace Ambient.Tls.OpenSsl;

/// <summary>libcrypto with its C names and nothing else (OpenSSL 3.0 and later).</summary>
/// <remarks>
/// <see cref="SuppressGCTransitionAttribute"/> stands where a call is bounded to well under a microsecond, takes no lock
/// that anybody waits on and calls nothing back: the transition would cost as much as the call.
/// </remarks>
internal static unsafe partial class LibCrypto
{
    private const string Library = "libcrypto.so.3";

    internal const int ExIndexSsl = 0;                                  // <openssl/crypto.h>
    internal const int BioCtrlPending = 10;                             // <openssl/bio.h>
    internal const int CtrlAeadGetTag = 0x10, CtrlAeadSetTag = 0x11;    // <openssl/evp.h>
    internal const ulong VerifyPartialChain = 0x80000;                  // <openssl/x509_vfy.h>
    internal const uint NoPartialWildcards = 0x4;                       // <openssl/x509v3.h>

    [LibraryImport(Library)] internal static partial int CRYPTO_get_ex_new_index(int kind, long number, nint pointer, nint create, nint copy, nint free);

    [LibraryImport(Library)] internal static partial void ERR_clear_error();
    [LibraryImport(Library)] internal static partial ulong ERR_get_error();
    [LibraryImport(Library)] internal static partial byte* ERR_reason_error_string(ulong code);
    [LibraryImport(Library)] internal static partial byte* ERR_lib_error_string(ulong code);

    [LibraryImport(Library)] internal static partial nint BIO_s_mem();
    [LibraryImport(Library)] internal static partial nint BIO_new(nint method);
    [LibraryImport(Library)] internal static partial nint BIO_new_mem_buf(void* bytes, int length);
    [LibraryImport(Library)] internal static partial int BIO_free(nint bio);
    [LibraryImport(Library)] internal static partial int BIO_read(nint bio, void* into, int length);
    [LibraryImport(Library)] internal static partial int BIO_write(nint bio, void* from, int length);
    [LibraryImport(Library)] internal static partial long BIO_ctrl(nint bio, int command, long number, void* pointer);

    [LibraryImport(Library)] internal static partial nint PEM_read_bio_PrivateKey(nint bio, nint into,
        delegate* unmanaged[Cdecl]<byte*, int, int, nint, int> password, nint argument);

    [LibraryImport(Library)] internal static partial nint d2i_X509(nint* into, byte** der, long length);
    [LibraryImport(Library)] internal static partial int i2d_X509(nint certificate, byte** der);
    [LibraryImport(Library)] internal static partial void X509_free(nint certificate);
    [LibraryImport(Library)] internal static partial nint X509_get0_pubkey(nint certificate);
    [LibraryImport(Library)] internal static partial int X509_check_private_key(nint certificate, nint key);
    [LibraryImport(Library)] internal static partial int X509_check_host(nint certificate, byte* name, nuint length, uint flags, byte** matched);
    [LibraryImport(Library)] internal static partial int X509_check_ip_asc(nint certificate, byte* address, uint flags);
    [LibraryImport(Library)] internal static partial nint X509_get_subject_name(nint certificate);
    [LibraryImport(Library)] internal static partial nint X509_get_issuer_name(nint certificate);
    [LibraryImport(Library)] internal static partial int X509_NAME_cmp(nint one, nint other);

    [LibraryImport(Library)] internal static partial nint X509_STORE_new();
    [LibraryImport(Library)] internal static partial void X509_STORE_free(nint store);
    [LibraryImport(Library)] internal static partial int X509_STORE_add_cert(nint store, nint certificate);
    [LibraryImport(Library)] internal static partial int X509_STORE_set_flags(nint store, ulong flags);
    [LibraryImport(Library)] internal static partial int X509_STORE_set_depth(nint store, int depth);

    [LibraryImport(Library)] internal static partial nint X509_STORE_CTX_new();
    [LibraryImport(Library)] internal static partial void X509_STORE_CTX_free(nint context);
    [LibraryImport(Library)] internal static partial int X509_STORE_CTX_init(nint context, nint store, nint certificate, nint untrusted);
    [LibraryImport(Library)] internal static partial int X509_STORE_CTX_set_default(nint context, byte* name);
    [LibraryImport(Library)] internal static partial nint X509_STORE_CTX_get0_param(nint context);
    [LibraryImport(Library)] internal static partial void X509_VERIFY_PARAM_set_auth_level(nint parameters, int level);
    [LibraryImport(Library)] internal static partial nint X509_STORE_CTX_get_ex_data(nint context, int index);
    [LibraryImport(Library)] internal static partial nint X509_STORE_CTX_get0_cert(nint context);
    [LibraryImport(Library)] internal static partial nint X509_STORE_CTX_get0_untrusted(nint context);
    [LibraryImport(Library)] internal static partial nint X509_STORE_CTX_get0_chain(nint context);
    [LibraryImport(Library)] internal static partial int X509_STORE_CTX_get_error(nint context);
    [LibraryImport(Library)] internal static partial int X509_STORE_CTX_get_error_depth(nint context);
    [LibraryImport(Library)] internal static partial void X509_STORE_CTX_set_error(nint context, int error);
    [LibraryImport(Library)] internal static partial void X509_STORE_CTX_set_time(nint context, ulong flags, long time);
    [LibraryImport(Library)] internal static partial int X509_verify_cert(nint context);
    [LibraryImport(Library)] internal static partial byte* X509_verify_cert_error_string(long error);
    [LibraryImport(Library)] internal static partial int OPENSSL_sk_num(nint stack);
    [LibraryImport(Library)] internal static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(Library)] internal static partial nint d2i_X509_CRL(nint* into, byte** der, long length);
    [LibraryImport(Library)] internal static partial void X509_CRL_free(nint crl);
    [LibraryImport(Library)] internal static partial int X509_CRL_verify(nint crl, nint key);
    [LibraryImport(Library)] internal static partial nint d2i_PUBKEY(nint* into, byte** der, long length);

    [LibraryImport(Library)] internal static partial void EVP_PKEY_free(nint key);
    [LibraryImport(Library)] internal static partial int EVP_PKEY_get_bits(nint key);

    [LibraryImport(Library)] internal static partial nint EVP_MD_fetch(nint library, byte* name, nint properties);
    [LibraryImport(Library)] internal static partial int EVP_Digest(void* data, nuint length, byte* digest, uint* digestLength, nint type, nint engine);
    [LibraryImport(Library)] internal static partial byte* HMAC(nint digest, void* key, int keyLength, byte* data, nuint dataLength, byte* mac, uint* macLength);

    [LibraryImport(Library)] internal static partial nint EVP_CIPHER_fetch(nint library, byte* name, nint properties);
    [LibraryImport(Library)] internal static partial nint EVP_CIPHER_CTX_new();
    [LibraryImport(Library)] internal static partial void EVP_CIPHER_CTX_free(nint context);
    [LibraryImport(Library)] internal static partial int EVP_CipherInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(Library, EntryPoint = "EVP_CipherInit_ex"), SuppressGCTransition]
    internal static partial int SetNonce(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);
    [LibraryImport(Library, EntryPoint = "EVP_CipherUpdate"), SuppressGCTransition]
    internal static partial int UpdateShort(nint context, byte* output, int* outputLength, byte* input, int inputLength);
    [LibraryImport(Library, EntryPoint = "EVP_CipherUpdate")]
    internal static partial int UpdateLong(nint context, byte* output, int* outputLength, byte* input, int inputLength);
    [LibraryImport(Library, EntryPoint = "EVP_CipherFinal_ex"), SuppressGCTransition]
    internal static partial int Final(nint context, byte* output, int* outputLength);
    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_ctrl"), SuppressGCTransition]
    internal static partial int Control(nint context, int command, int number, void* pointer);
}
