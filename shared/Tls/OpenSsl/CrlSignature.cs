namespace Ambient.Tls.OpenSsl;

/// <summary>Who signed a revocation list.</summary>
internal static unsafe class CrlSignature
{
    public static bool CanParse(ReadOnlySpan<byte> der)
    {
        var crl = Parse(der);
        LibCrypto.X509_CRL_free(crl);
        return crl != 0;
    }

    /// <param name="publicKey">SubjectPublicKeyInfo as DER.</param>
    public static bool IsBy(ReadOnlySpan<byte> der, ReadOnlySpan<byte> publicKey)
    {
        OpenSslError.Clear();
        nint crl = Parse(der), key = 0;
        fixed (byte* start = publicKey)
        {
            var at = start;
            if (crl != 0) key = LibCrypto.d2i_PUBKEY(null, &at, publicKey.Length);
        }
        var signed = key != 0 && LibCrypto.X509_CRL_verify(crl, key) > 0;
        LibCrypto.EVP_PKEY_free(key);
        LibCrypto.X509_CRL_free(crl);
        OpenSslError.Clear();
        return signed;
    }

    private static nint Parse(ReadOnlySpan<byte> der)
    {
        fixed (byte* start = der)
        {
            var at = start;
            return LibCrypto.d2i_X509_CRL(null, &at, der.Length);
        }
    }
}
