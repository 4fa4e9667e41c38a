using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.Tls.OpenSsl;

/// <summary>Our private key as an EVP_PKEY*.</summary>
internal static unsafe class PrivateKey
{
    /// <summary>Reads a key and makes sure that it is the one of <paramref name="certificate"/>. The caller frees it.</summary>
    /// <exception cref="TlsConfigurationException">There is no key, it is encrypted, or it belongs to another certificate.</exception>
    public static nint FromPem(string pem, nint certificate)
    {
        OpenSslError.Clear();
        var text = Encoding.UTF8.GetBytes(pem);
        nint key;
        fixed (byte* t = text)
        {
            var bio = OpenSslException.NotNull(LibCrypto.BIO_new_mem_buf(t, text.Length), "BIO_new_mem_buf");
            key = LibCrypto.PEM_read_bio_PrivateKey(bio, 0, &NoPassword, 0);
            LibCrypto.BIO_free(bio);
        }
        CryptographicOperations.ZeroMemory(text);
        if (key == 0)
            throw new TlsConfigurationException($"The private key cannot be read ({OpenSslError.Take().Text}). It must be one unencrypted PEM key.");
        if (LibCrypto.X509_check_private_key(certificate, key) > 0) return key;
        Free(key);
        OpenSslError.Clear();
        throw new TlsConfigurationException("The private key is not the one of the first certificate in the chain. Give the key and chain of one issuance.");
    }

    public static void Free(nint key) => LibCrypto.EVP_PKEY_free(key);

    // Without this, libcrypto asks the terminal for the password of an encrypted key.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NoPassword(byte* buffer, int size, int writing, nint argument) => -1;
}
