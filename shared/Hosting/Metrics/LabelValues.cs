namespace Ambient.Hosting.Metrics;

/// <summary>Label values compare element by element; a span of them finds its array without being copied.</summary>
internal sealed class LabelValues : IEqualityComparer<string[]>, IAlternateEqualityComparer<ReadOnlySpan<string>, string[]>
{
    public static readonly LabelValues Comparer = new();

    public bool Equals(string[]? one, string[]? other) => one.AsSpan().SequenceEqual(other);

    public bool Equals(ReadOnlySpan<string> values, string[] key) => values.SequenceEqual(key);

    public int GetHashCode(string[] key) => GetHashCode(key.AsSpan());

    public int GetHashCode(ReadOnlySpan<string> values)
    {
        var hash = new HashCode();
        foreach (var value in values) hash.Add(value);
        return hash.ToHashCode();
    }

    public string[] Create(ReadOnlySpan<string> values) => values.ToArray();
}
