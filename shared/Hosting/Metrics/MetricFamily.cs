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
    private readonly Dictionary<string[], TSeries> _series = new(LabelValues.Comparer);
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
            if (lookup.TryGetValue(values, out var known)) return known;
            if (_series.Count >= _maxSeries) return _overflow ??= _create();
            return _series[values.ToArray()] = _create();
        }
    }

    public void Write(OpenMetricsWriter writer)
    {
        writer.BeginFamily(_name, _type, _help);
        foreach (var (values, series) in Snapshot()) series.Write(writer, _labels, values);
    }

    private List<KeyValuePair<string[], TSeries>> Snapshot()
    {
        lock (_gate)
        {
            var all = new List<KeyValuePair<string[], TSeries>>(_series);
            if (_overflow is not null) all.Add(new([.. _labels.Select(_ => Overflow)], _overflow));
            return all;
        }
    }
}
