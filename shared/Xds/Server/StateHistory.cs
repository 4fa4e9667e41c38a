using System.Globalization;

namespace Ambient.Xds.Server;

/// <summary>Which states a table has been in lately, by the digest of their content. Not thread-safe.</summary>
internal sealed class StateHistory
{
    private const int Kept = 1 << 16;
    private readonly Dictionary<UInt128, long> _byDigest = [];
    private readonly Queue<(UInt128 Digest, long Sequence)> _order = [];
    private (UInt128 Digest, long Sequence) _latest;

    public void Add(UInt128 digest, long sequence)
    {
        _latest = (digest, sequence);
        _byDigest[digest] = sequence;
        _order.Enqueue(_latest);
        if (_order.Count <= Kept) return;
        var oldest = _order.Dequeue();
        // The table may have been in the same state again since.
        if (_byDigest.TryGetValue(oldest.Digest, out var last) && last == oldest.Sequence) _byDigest.Remove(oldest.Digest);
    }

    /// <summary>The state's name; null unless it is the latest.</summary>
    public string? TokenAt(long sequence) => _latest.Sequence == sequence ? _latest.Digest.ToString("x32", CultureInfo.InvariantCulture) : null;

    public long? Find(string token) =>
        token.Length == 32 && UInt128.TryParse(token, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var digest)
        && _byDigest.TryGetValue(digest, out var sequence)
            ? sequence
            : null;
}
