using System.Collections.Concurrent;
using System.Text;
using Ambient.Tls.Verification;

namespace Ambient.Tls.OpenSsl;

/// <summary>Trust roots, and which peer chains were found to lead to them. Immutable once made, and thread-safe.</summary>
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
    private readonly List<nint> _stores = [];
    private readonly List<List<nint>> _rootsByStore = [];

    private TrustBundle(string pem, int rememberedPeers)
    {
        _roots = Certificate.ReadPem(pem, "trust root bundle", MaxRoots);
        foreach (var root in _roots) AddToFirstWithoutItsName(root);
        Remembered = new(rememberedPeers);
    }

    ~TrustBundle()
    {
        foreach (var store in _stores) LibCrypto.X509_STORE_free(store);
        if (_roots is not null) Certificate.FreeAll(_roots);
    }

    /// <summary>X509_STORE*s, to be tried in turn; owned by this object.</summary>
    /// <remarks>
    /// OpenSSL finds an issuer by its name and stays with it even if the signature shows that it was another of the same
    /// name, as after the renewal of a root without key identifiers. So each store holds every name once.
    /// </remarks>
    public IReadOnlyList<nint> Stores => _stores;

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

    private void AddToFirstWithoutItsName(nint root)
    {
        var at = _rootsByStore.FindIndex(roots => !roots.Any(other => Certificate.HaveSameSubject(root, other)));
        if (at < 0)
        {
            at = _stores.Count;
            _rootsByStore.Add([]);
            _stores.Add(NewStore());
        }
        _rootsByStore[at].Add(root);
        OpenSslException.Succeeded(LibCrypto.X509_STORE_add_cert(_stores[at], root), "X509_STORE_add_cert");
    }

    private static nint NewStore()
    {
        var store = OpenSslException.NotNull(LibCrypto.X509_STORE_new(), "X509_STORE_new");
        LibCrypto.X509_STORE_set_depth(store, MaxIntermediates);
        // A root of ours is trusted even if somebody above it signed it too.
        LibCrypto.X509_STORE_set_flags(store, LibCrypto.VerifyPartialChain);
        return store;
    }
}
