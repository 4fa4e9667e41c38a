using System.Collections.Concurrent;
using System.Text;
using Ambient.Tls.Verification;

namespace Ambient.Tls.OpenSsl;

/// <summary>Trust roots, and which peer chains were found to lead to them. Thread-safe.</summary>
/// <remarks>
/// All identities of a process usually trust the same roots: <see cref="For"/> gives them the same object, so that a peer
/// whose chain one of them has checked is known to all, and renewing a certificate does not forget it.
/// </remarks>
internal sealed class TrustBundle
{
    private const int MaxRoots = 256;
    private const int MaxIntermediates = 6;
    private static readonly ConcurrentDictionary<UInt128, WeakReference<TrustBundle>> Shared = new();

    private readonly List<nint> _roots;

    private TrustBundle(string pem, int rememberedPeers)
    {
        _roots = Certificate.ReadPem(pem, "trust root bundle", MaxRoots);
        Store = OpenSslException.NotNull(LibCrypto.X509_STORE_new(), "X509_STORE_new");
        LibCrypto.X509_STORE_set_depth(Store, MaxIntermediates);
        // A root of ours is trusted even if somebody above it signed it too.
        LibCrypto.X509_STORE_set_flags(Store, LibCrypto.VerifyPartialChain);
        foreach (var root in _roots)
            OpenSslException.Succeeded(LibCrypto.X509_STORE_add_cert(Store, root), "X509_STORE_add_cert");
        Remembered = new(rememberedPeers);
    }

    ~TrustBundle()
    {
        LibCrypto.X509_STORE_free(Store); // each SSL_CTX holds its own reference
        if (_roots is not null) Certificate.FreeAll(_roots);
    }

    /// <summary>X509_STORE*, owned by this object.</summary>
    public nint Store { get; }

    public IReadOnlyList<nint> Roots => _roots;

    public VerifiedPathCache Remembered { get; }

    /// <exception cref="TlsConfigurationException">It holds no root, too many, or something that is not a certificate.</exception>
    public static TrustBundle For(string pem, int rememberedPeers)
    {
        Span<byte> hash = stackalloc byte[Algorithms.Sha256Bytes];
        Algorithms.HashSha256(Encoding.UTF8.GetBytes(pem), hash);
        var key = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
        if (Shared.TryGetValue(key, out var known) && known.TryGetTarget(out var bundle)) return bundle;

        bundle = new(pem, rememberedPeers);
        foreach (var (other, reference) in Shared)
            if (!reference.TryGetTarget(out _)) Shared.TryRemove(KeyValuePair.Create(other, reference));
        Shared[key] = new(bundle); // when two threads meet here both bundles work, one is forgotten
        return bundle;
    }
}
