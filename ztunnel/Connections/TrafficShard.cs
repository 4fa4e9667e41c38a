using Ambient.Hosting.Metrics;

namespace Ambient.Ztunnel.Connections;

/// <summary>One worker's series. It alone looks up and adds; a scrape only takes the list of what there is.</summary>
/// <remarks>Looking up a label set that is known takes no lock and allocates nothing.</remarks>
internal sealed class TrafficShard(int maxSeries)
{
    private readonly Lock _adding = new();
    private readonly Dictionary<string?[], TrafficSeries> _series = new(LabelComparer.Instance);
    private readonly string?[] _probe = new string?[TrafficLabels.Names.Length];

    /// <summary>On the worker only.</summary>
    /// <param name="flags">Of <c>response_flags</c>.</param>
    /// <returns>The series of these labels, or the overflow series of this direction when there are too many.</returns>
    public TrafficSeries Find(in ConnectionFacts facts, string flags)
    {
        TrafficLabels.Fill(_probe, facts, flags);
        if (_series.TryGetValue(_probe, out var known)) return known;
        if (_series.Count >= maxSeries) FillOverflow();
        return _series.TryGetValue(_probe, out var overflow) ? overflow : Add();
    }

    /// <summary>Any thread. The label arrays are never changed.</summary>
    public List<KeyValuePair<string?[], TrafficSeries>> List()
    {
        lock (_adding) return [.. _series];
    }

    /// <summary>Labels of the series that have been quiet for that time, see <see cref="TrafficSeries.IsQuiet"/>. On the worker only.</summary>
    public List<string?[]> Quiet(long now, long quietFor) =>
        [.. _series.Where(entry => entry.Value.IsQuiet(now, quietFor)).Select(static entry => entry.Key)];

    /// <summary>Drops the series of these labels that are quiet still. On the worker only.</summary>
    public void Forget(IEnumerable<string?[]> labels, long now, long quietFor)
    {
        lock (_adding)
        {
            foreach (var gone in labels)
                if (_series.TryGetValue(gone, out var series) && series.IsQuiet(now, quietFor)) _series.Remove(gone);
        }
    }

    private TrafficSeries Add()
    {
        var series = new TrafficSeries();
        lock (_adding) _series.Add([.. _probe], series);
        return series;
    }

    // The reporter stays: a sum over one reporter must not count a connection of the node twice.
    private void FillOverflow()
    {
        _probe.AsSpan(1).Fill(MetricFamily<Counter>.Overflow);
        _probe.AsSpan(^4..).Clear();
    }

    /// <summary>Most texts of equal label sets are the same objects, so comparing them is comparing references.</summary>
    internal sealed class LabelComparer : IEqualityComparer<string?[]>
    {
        public static readonly LabelComparer Instance = new();

        // These tell most label sets of a node apart; hashing all would cost more than the rare extra comparison.
        private static readonly int[] Hashed =
        [
            Array.IndexOf(TrafficLabels.Names, "reporter"), Array.IndexOf(TrafficLabels.Names, "source_workload"),
            Array.IndexOf(TrafficLabels.Names, "destination_workload"), Array.IndexOf(TrafficLabels.Names, "destination_service_name"),
            Array.IndexOf(TrafficLabels.Names, "response_flags"),
        ];

        public bool Equals(string?[]? one, string?[]? other) => one.AsSpan().SequenceEqual(other);

        public int GetHashCode(string?[] labels)
        {
            var hash = 0;
            foreach (var index in Hashed) hash = HashCode.Combine(hash, labels[index]);
            return hash;
        }
    }
}
