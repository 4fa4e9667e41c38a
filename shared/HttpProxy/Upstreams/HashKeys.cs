namespace Ambient.HttpProxy.Upstreams;

/// <summary>Hashes that are the same in every process, for requests and servers that belong together.</summary>
public static class HashKeys
{
    /// <summary>FNV-1a (RFC 9923), 64 bits, then mixed. Never 0.</summary>
    public static ulong Of(ReadOnlySpan<byte> text)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var value in text) hash = (hash ^ value) * 0x100000001B3;
        return Math.Max(1, Mix(hash));
    }

    /// <summary>The same number from 0 to below 1 for the same hash.</summary>
    internal static double FractionOf(ulong hash) => (Mix(hash) >> 11) * (1.0 / (1UL << 53));

    /// <summary>The finalizer of SplitMix64: every bit of the result depends on every bit given.</summary>
    internal static ulong Mix(ulong value)
    {
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
        value = (value ^ value >> 27) * 0x94D049BB133111EB;
        return value ^ value >> 31;
    }
}
