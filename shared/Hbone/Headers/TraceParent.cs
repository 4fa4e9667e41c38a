using System.Buffers;

namespace Ambient.Hbone.Headers;

/// <summary>The <c>traceparent</c> header (W3C Trace Context, version 00): correlates one connection's log lines across proxies.</summary>
public static class TraceParent
{
    private const int Length = 55; // "00-" + 32 + "-" + 16 + "-" + 2
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <summary>New identifiers, not sampled. They are names, not secrets: <paramref name="random"/> need not be strong.</summary>
    public static string New(Random random)
    {
        Span<byte> ids = stackalloc byte[24];
        random.NextBytes(ids);
        return $"00-{Convert.ToHexStringLower(ids[..16])}-{Convert.ToHexStringLower(ids[16..])}-00";
    }

    /// <summary>True for a well-formed header; anything else is to be replaced by <see cref="New"/>.</summary>
    public static bool IsValid(ReadOnlySpan<char> header) =>
        header.Length == Length
        && header.StartsWith("00-") && header[35] == '-' && header[52] == '-'
        && !header[3..35].ContainsAnyExcept(LowerHex) && header[3..35].ContainsAnyExcept('0')
        && !header[36..52].ContainsAnyExcept(LowerHex) && header[36..52].ContainsAnyExcept('0')
        && !header[53..].ContainsAnyExcept(LowerHex);
}
