namespace Ambient.Hosting.Metrics;

/// <summary>Series of one name that differ in their labels.</summary>
/// <remarks>Thread-safe. Resolve a series once and keep it: counting then takes no lock and no lookup.</remarks>
public sealed class MetricFamily<TSeries> : IMetricSource where TSeries : class, IMetricSeries
{
    /// <summary>The value of every label of the series that stands for those beyond the bound.</summary>
    public const string Overflow = "overflow";

    private readonly string _name, _type, _help;
    private readonly string[] _labels;
    private readonly int _maxSeries;
    private readonly Func<TSeries> _create;
    private readonly Lock _gate = new();
    private readonly Dictionary<string[], Entry> _series = new(LabelValues.Comparer);
    private TSeries? _overflow;

    internal MetricFamily(string name, string type, string help, string[] labels, int maxSeries, Func<TSeries> create) =>
        (_name, _type, _help, _labels, _maxSeries, _create) = (name, type, help, labels, maxSeries, create);

    /// <param name="values">One for each label, in the order they were declared.</param>
    /// <returns>The series with these labels, or the shared overflow series when there are too many.</returns>
    public TSeries With(params ReadOnlySpan<string> values)
    {
        if (values.Length != _labels.Length)
            throw new ArgumentException($"'{_name}' has {_labels.Length} labels, got {values.Length} values.", nameof(values));

        lock (_gate)
        {
            var lookup = _series.GetAlternateLookup<ReadOnlySpan<string>>();
            if (lookup.TryGetValue(values, out var known)) return known.Series;
            if (_series.Count >= _maxSeries) return _overflow ??= _create();
            var entry = _series[values.ToArray()] = new(_create());
            return entry.Series;
        }
    }

    /// <summary>Drops series that have counted nothing for that time, as far as those who ask now and then can tell.</summary>
    /// <param name="mayGo">Of the values of the labels.</param>
    /// <returns>True if there were any: whoever keeps series is to ask for them again.</returns>
    public bool ForgetQuiet(TimeProvider time, TimeSpan quietFor, Predicate<string[]> mayGo)
    {
        lock (_gate)
        {
            var before = _series.Count;
            foreach (var (values, entry) in _series)
                if (entry.IsQuiet(time, quietFor) && mayGo(values)) _series.Remove(values);
            return _series.Count < before;
        }
    }

    public async ValueTask WriteAsync(OpenMetricsWriter writer)
    {
        writer.BeginFamily(_name, _type, _help);
        foreach (var (values, series) in Snapshot())
        {
            series.Write(writer, _labels, values);
            if (!await writer.FlushAsync()) return;
        }
    }

    private List<KeyValuePair<string[], TSeries>> Snapshot()
    {
        lock (_gate)
        {
            var all = _series.Select(static entry => KeyValuePair.Create(entry.Key, entry.Value.Series)).ToList();
            if (_overflow is not null) all.Add(new([.. _labels.Select(_ => Overflow)], _overflow));
            return all;
        }
    }

    /// <summary>A series, and since when it has counted nothing.</summary>
    private sealed class Entry(TSeries series)
    {
        public readonly TSeries Series = series;
        private long _mark = -1;
        private long? _quietSince;

        public bool IsQuiet(TimeProvider time, TimeSpan quietFor)
        {
            var mark = Series.Mark;
            if (mark != _mark) (_mark, _quietSince) = (mark, time.GetTimestamp());
            return time.GetElapsedTime(_quietSince!.Value) >= quietFor;
        }
    }
}
