using System.Text;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Revocation;

/// <summary>What became of a CRL file.</summary>
/// <param name="Generation">Of the set in force afterwards.</param>
/// <param name="Lists">Revocation lists in force.</param>
/// <param name="RevokedCertificates">Entries in them.</param>
/// <param name="Error">Null if the file was taken over; else why not, and the set from before stays in force.</param>
public sealed record CrlLoadResult(long Generation, int Lists, int RevokedCertificates, string? Error);

/// <summary>The certificates that are revoked. Thread-safe; readers never wait.</summary>
/// <remarks>
/// Every certificate of a peer's chain is looked up. One whose issuer has no list counts as good, and a list's own
/// expiry is ignored: a CRL that is late must not stop the mesh. A list counts only for the authority whose key signed it.
/// </remarks>
public sealed class CrlStore
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxFileBytes = 64 * 1024 * 1024;

    private readonly Lock _loading = new();
    private volatile Loaded _current = new(0, []);

    /// <summary>Raised on the loading thread after a new set came into force: re-check live peers with <see cref="IsRevoked"/>.</summary>
    public event Action<CrlLoadResult>? Changed;

    /// <summary>0 until the first file was taken over, then one more for each.</summary>
    public long Generation => _current.Generation;

    /// <summary>Replaces the set by the content of a file: PEM with any number of X509 CRL blocks, or one DER CRL.</summary>
    /// <remarks>
    /// No content, or PEM without a CRL block, means that nothing is revoked. If any list cannot be read the whole file is
    /// refused and the set before stays in force: half a file would silently un-revoke the other half.
    /// </remarks>
    public CrlLoadResult Load(ReadOnlySpan<byte> file)
    {
        lock (_loading)
        {
            var lists = Parse(file, out var error);
            if (error is null) _current = new(_current.Generation + 1, lists);
            var result = new CrlLoadResult(_current.Generation, _current.Lists, _current.Revoked, error);
            if (error is null) Changed?.Invoke(result);
            return result;
        }
    }

    /// <summary>True if a certificate on the path that <paramref name="peer"/> proved is revoked by the set in force now.</summary>
    public bool IsRevoked(PeerIdentity peer) => FindRevoked(peer.Path) is not null;

    /// <summary>The same for a path that somebody else has verified.</summary>
    /// <param name="path">DER: leaf first, trust anchor last. What is not strict DER counts as revoked: nobody can tell.</param>
    public bool IsPathRevoked(IReadOnlyList<byte[]> path) =>
        _current.Lists > 0 && (VerifiedPath.TryCreate(path) is not { } verified || FindRevoked(verified) is not null);

    /// <summary>The first revoked certificate on the path, leaf first. The trust anchor itself cannot be revoked.</summary>
    internal CertificateFields? FindRevoked(VerifiedPath path)
    {
        var current = _current;
        if (current.Lists == 0) return null;
        for (var i = 0; i + 1 < path.Certificates.Count; i++)
            if (current.Revokes(path.Certificates[i], issuer: path.Certificates[i + 1])) return path.Certificates[i];
        return null;
    }

    private static List<RevocationList> Parse(ReadOnlySpan<byte> file, out string? error)
    {
        var lists = new List<RevocationList>();
        error = null;
        if (file.Length > MaxFileBytes)
        {
            error = $"The CRL file has {file.Length} bytes; at most {MaxFileBytes} are read. Drop expired entries or split by issuer.";
            return lists;
        }
        var blocks = new List<byte[]>();
        const byte derSequence = 0x30;
        if (file.Length > 0 && file[0] == derSequence) blocks.Add(file.ToArray());
        else if (!PemBlocks.TryRead(Encoding.UTF8.GetString(file), "X509 CRL", blocks))
            error = "The CRL file has an X509 CRL block that is cut off or not base64. Write it again; what was loaded before stays in force.";

        foreach (var block in blocks)
            if (RevocationList.TryParse(block, out var why) is { } list) lists.Add(list);
            else error ??= $"CRL {lists.Count + 1} of {blocks.Count} in the file cannot be used: {why}. What was loaded before stays in force.";
        return lists;
    }

    private sealed class Loaded
    {
        private readonly Dictionary<Bytes, List<RevocationList>> _byIssuer = [];

        public Loaded(long generation, List<RevocationList> lists)
        {
            (Generation, Lists, Revoked) = (generation, lists.Count, lists.Sum(list => list.RevokedCount));
            foreach (var list in lists)
                if (_byIssuer.TryGetValue(list.Issuer, out var same)) same.Add(list);
                else _byIssuer[list.Issuer] = [list];
        }

        public long Generation { get; }
        public int Lists { get; }
        public int Revoked { get; }

        public bool Revokes(CertificateFields certificate, CertificateFields issuer)
        {
            if (!_byIssuer.TryGetValue(new(certificate.Issuer), out var lists)) return false;
            foreach (var list in lists)
                if (list.Revokes(certificate.SerialNumber, issuer.PublicKey)) return true;
            return false;
        }
    }
}
