using System.Globalization;

namespace Ambient.MeshProxy.Options;

/// <summary>Kubernetes quantities of CPU (<c>500m</c>, <c>2</c>, <c>1.5</c>, <c>1e3</c>, <c>2k</c>), rounded up to whole CPUs.</summary>
public static class CpuQuantity
{
    private static readonly (string Suffix, double Factor)[] Suffixes =
    [
        ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9),
        ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30),
    ];

    public static bool TryParse(string text, out int cpus)
    {
        cpus = 0;
        var (number, factor) = Split(text);
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var amount))
            return false;

        if (amount < 0 || amount > 1_000_000_000) return false;
        var exact = amount * (decimal)factor;
        if (exact > 1_000_000) return false; // no node has a million CPUs
        cpus = (int)Math.Ceiling(exact);
        return true;
    }

    private static (string Number, double Factor) Split(string text)
    {
        foreach (var (suffix, factor) in Suffixes)
            if (text.EndsWith(suffix, StringComparison.Ordinal)) return (text[..^suffix.Length], factor);
        return (text, 1);
    }
}
