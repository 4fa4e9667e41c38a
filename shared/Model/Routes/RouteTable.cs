using System.Runtime.InteropServices;
using System.Text;

namespace Ambient.Model.Routes;

/// <param name="Action">What happens to a request that matches.</param>
public readonly record struct RouteEntry<T>(RouteMatch Match, T Action);

/// <summary>Finds the first entry, in the order given, that matches a request. Immutable; any thread.</summary>
/// <remarks>
/// The work of a look-up grows with the segments of the path and with the entries that share a path, not with their number: entries lie by
/// their literal path, and only regular expressions and comparisons without case are tried one after another.
/// </remarks>
public sealed class RouteTable<T>
{
    private readonly RouteEntry<T>[] _entries;
    private readonly Buckets _exact = new(), _segments = new(), _prefixes = new();
    private readonly int[] _prefixLengths; // descending
    private readonly int[] _others;

    /// <param name="entries">The first that matches wins; order entries of Gateway API by <see cref="RoutePrecedence"/>.</param>
    public RouteTable(IEnumerable<RouteEntry<T>> entries)
    {
        _entries = [.. entries];
        var (lengths, others) = (new SortedSet<int>(), new List<int>());
        for (var number = 0; number < _entries.Length; number++)
        {
            var path = _entries[number].Match.Path;
            if (path.IgnoreCase || path.Kind == PathMatchKind.Regex) others.Add(number);
            else BucketsOf(path.Kind).Add(path.Text, number);
            if (path is { Kind: PathMatchKind.Prefix, IgnoreCase: false }) lengths.Add(Encoding.UTF8.GetByteCount(path.Text));
        }

        (_prefixLengths, _others) = ([.. lengths.Reverse()], [.. others]);
    }

    public int Count => _entries.Length;

    /// <returns>False if nothing matches.</returns>
    public bool TryFind(in RouteRequest request, out RouteEntry<T> found)
    {
        var best = _entries.Length;
        var path = request.Path;
        Try(_exact.Find(path), request, ref best);
        for (var length = LongestSegments(path); length >= 0; length = path[..length].LastIndexOf((byte)'/'))
            Try(_segments.Find(path[..length]), request, ref best);
        foreach (var length in _prefixLengths)
            if (length <= path.Length) Try(_prefixes.Find(path[..length]), request, ref best);
        foreach (var number in _others)
        {
            if (number >= best) break;
            if (_entries[number].Match.Path.IsMatch(path) && _entries[number].Match.MatchesBesidesPath(request)) best = number;
        }

        found = best < _entries.Length ? _entries[best] : default;
        return best < _entries.Length;
    }

    // The longest beginning of whole segments that an entry could have: a path of a thousand slashes costs no thousand look-ups.
    private int LongestSegments(ReadOnlySpan<byte> path) =>
        path.Length <= _segments.LongestPath ? path.Length : path[..(_segments.LongestPath + 1)].LastIndexOf((byte)'/');

    private void Try(ReadOnlySpan<int> candidates, in RouteRequest request, ref int best)
    {
        foreach (var number in candidates)
        {
            if (number >= best) return;
            if (!_entries[number].Match.MatchesBesidesPath(request)) continue;
            best = number;
            return;
        }
    }

    private Buckets BucketsOf(PathMatchKind kind) => kind switch
    {
        PathMatchKind.Exact => _exact,
        PathMatchKind.Segments => _segments,
        _ => _prefixes,
    };

    /// <summary>Numbers of entries by literal path, each ascending.</summary>
    private sealed class Buckets
    {
        private readonly Dictionary<byte[], List<int>> _numbers = new(ByteText.Comparer);

        /// <summary>In bytes.</summary>
        public int LongestPath { get; private set; }

        public void Add(string path, int number)
        {
            var key = Encoding.UTF8.GetBytes(path);
            LongestPath = Math.Max(LongestPath, key.Length);
            if (!_numbers.TryGetValue(key, out var same)) _numbers[key] = same = new(1);
            same.Add(number);
        }

        public ReadOnlySpan<int> Find(ReadOnlySpan<byte> path) =>
            _numbers.Count > 0 && _numbers.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(path, out var found) ? CollectionsMarshal.AsSpan(found) : default;
    }
}
