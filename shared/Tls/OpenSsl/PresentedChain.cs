using System.Buffers;

namespace Ambient.Tls.OpenSsl;

/// <summary>What a peer presented, inside libssl's verify callback and valid only there (X509_STORE_CTX*).</summary>
internal readonly ref struct PresentedChain(nint context)
{
    private nint List => LibCrypto.X509_STORE_CTX_get0_untrusted(context); // libssl puts the leaf in it, first

    public int Count => LibCrypto.OPENSSL_sk_num(List);

    /// <summary>SHA-256 over the presented certificates, in order.</summary>
    public void Hash(Span<byte> hash)
    {
        var list = List;
        var count = LibCrypto.OPENSSL_sk_num(list);
        var length = 0;
        for (var i = 0; i < count; i++) length += Certificate.DerLength(LibCrypto.OPENSSL_sk_value(list, i));

        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var at = 0;
        for (var i = 0; i < count; i++)
            at += Certificate.WriteDer(LibCrypto.OPENSSL_sk_value(list, i), buffer.AsSpan(at));
        Algorithms.HashSha256(buffer.AsSpan(0, at), hash);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Bits of the largest public key among them.</summary>
    public int LargestKeyBits()
    {
        var list = List;
        var largest = 0;
        for (var i = 0; i < LibCrypto.OPENSSL_sk_num(list); i++)
            largest = Math.Max(largest, Certificate.KeyBits(LibCrypto.OPENSSL_sk_value(list, i)));
        return largest;
    }

    /// <summary>OpenSSL's own check: signatures, validity, purpose, constraints, up to a trust root.</summary>
    /// <returns>The path found (leaf, intermediates, root), or null with the X509_V_ERR code and which certificate it is about (0 is the leaf).</returns>
    public List<byte[]>? FindPath(TrustBundle trust, bool peerIsClient, DateTimeOffset now, out int error, out int depth)
    {
        (error, depth) = (0, 0);
        foreach (var store in trust.Stores)
        {
            using var check = new PathCheck(store, LibCrypto.X509_STORE_CTX_get0_cert(context), List, peerIsClient, now);
            if (check.FindPath(out var error1, out var depth1) is { } path)
            {
                (error, depth) = (0, 0);
                return path;
            }
            if (error == 0 || IsAboutTheIssuer(error)) (error, depth) = (error1, depth1); // a root of the same name may tell more
        }
        return null;
    }

    /// <summary>Chooses the alert that libssl sends for a refusal.</summary>
    public void Refuse(int error) => LibCrypto.X509_STORE_CTX_set_error(context, error);

    private static bool IsAboutTheIssuer(int error) => error is X509Errors.SignatureFailure or X509Errors.UnableToGetIssuer
        or X509Errors.UnableToGetIssuerLocally or X509Errors.UnableToVerifyLeaf or X509Errors.SelfSignedLeaf or X509Errors.SelfSignedInChain;
}
