namespace Ambient.Tls.OpenSsl;

/// <summary>What is asked of an X509* beyond its bytes. None of these take or give ownership unless they say so.</summary>
internal static unsafe class Certificate
{
    /// <summary>Parses every CERTIFICATE block; other blocks are skipped. The caller owns the results.</summary>
    /// <exception cref="TlsConfigurationException">A block is not a certificate, or there are more than <paramref name="limit"/>.</exception>
    public static List<nint> ReadPem(string pem, string what, int limit)
    {
        var certificates = new List<nint>();
        try
        {
            ReadPem(pem, what, limit, certificates);
            return certificates;
        }
        catch
        {
            FreeAll(certificates);
            throw;
        }
    }

    /// <summary>Parses one certificate; the caller owns it.</summary>
    /// <returns>0 if the bytes are not exactly one certificate.</returns>
    public static nint FromDer(ReadOnlySpan<byte> der)
    {
        OpenSslError.Clear();
        fixed (byte* start = der)
        {
            var at = start;
            var certificate = LibCrypto.d2i_X509(null, &at, der.Length);
            if (certificate != 0 && at == start + der.Length) return certificate;
            LibCrypto.X509_free(certificate);
            OpenSslError.Clear();
            return 0;
        }
    }

    public static int DerLength(nint certificate) => LibCrypto.i2d_X509(certificate, null);

    /// <returns>Bytes written; <paramref name="into"/> has room for <see cref="DerLength"/>.</returns>
    public static int WriteDer(nint certificate, Span<byte> into)
    {
        if (into.Length < DerLength(certificate)) throw new ArgumentException("The buffer is shorter than the certificate.", nameof(into));
        fixed (byte* start = into)
        {
            var at = start;
            return LibCrypto.i2d_X509(certificate, &at);
        }
    }

    public static byte[] ToDer(nint certificate)
    {
        var der = new byte[DerLength(certificate)];
        WriteDer(certificate, der);
        return der;
    }

    public static bool IsSelfIssued(nint certificate) =>
        LibCrypto.X509_NAME_cmp(LibCrypto.X509_get_subject_name(certificate), LibCrypto.X509_get_issuer_name(certificate)) == 0;

    public static bool HaveSameSubject(nint one, nint other) =>
        LibCrypto.X509_NAME_cmp(LibCrypto.X509_get_subject_name(one), LibCrypto.X509_get_subject_name(other)) == 0;

    /// <summary>Size of the public key in bits; 0 if its algorithm is not known to OpenSSL.</summary>
    public static int KeyBits(nint certificate)
    {
        var key = LibCrypto.X509_get0_pubkey(certificate);
        return key == 0 ? 0 : LibCrypto.EVP_PKEY_get_bits(key);
    }

    public static void FreeAll(List<nint> certificates)
    {
        foreach (var certificate in certificates) LibCrypto.X509_free(certificate);
        certificates.Clear();
    }

    private static void ReadPem(string pem, string what, int limit, List<nint> into)
    {
        var blocks = new List<byte[]>();
        if (!PemBlocks.TryRead(pem, "CERTIFICATE", blocks))
            throw new TlsConfigurationException($"The {what} has a CERTIFICATE block that is cut off or not base64. Issue it again.");
        if (blocks.Count == 0)
            throw new TlsConfigurationException($"The {what} has no certificate. It must be PEM with at least one CERTIFICATE block.");
        if (blocks.Count > limit)
            throw new TlsConfigurationException($"The {what} has {blocks.Count} certificates; at most {limit} are used. Remove those that are not needed.");
        foreach (var block in blocks)
        {
            var certificate = FromDer(block);
            if (certificate == 0)
                throw new TlsConfigurationException($"Certificate {into.Count + 1} of the {what} is not a valid X.509 certificate. Issue it again.");
            into.Add(certificate);
        }
    }
}
