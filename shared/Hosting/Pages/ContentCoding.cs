using System.Globalization;
using System.IO.Compression;

namespace Ambient.Hosting.Pages;

/// <summary>A way to compress a response that the client said it takes (RFC 9110 §12.5.3). zstd waits for a framework that has it.</summary>
public readonly record struct ContentCoding
{
    /// <summary>Below this the headers cost more than is saved.</summary>
    public const int SmallestBody = 860;

    // Where the client does not mind: what costs us least for its effect.
    private static readonly string[] Preferred = ["gzip", "br", "deflate"];

    private ContentCoding(string name) => Name = name;

    /// <summary><c>identity</c>, <c>gzip</c>, <c>br</c> or <c>deflate</c>.</summary>
    public string Name => field ?? "identity";

    public bool IsEncoded => Name != "identity";

    /// <summary>The coding with the highest weight. A client that refuses everything gets the body as it is: an answer helps more than 406.</summary>
    public static ContentCoding Choose(string acceptEncoding, int bodyLength)
    {
        if (bodyLength < SmallestBody) return default;
        var (best, bestWeight) = (default(ContentCoding), WeightOf("identity", acceptEncoding) ?? 0.0001);
        foreach (var name in Preferred)
        {
            var weight = WeightOf(name, acceptEncoding) ?? 0;
            // At equal weight anything beats identity, which is always allowed unless it is refused.
            if (weight > 0 && (weight > bestWeight || (weight == bestWeight && !best.IsEncoded))) (best, bestWeight) = (new(name), weight);
        }

        return best;
    }

    public ReadOnlyMemory<byte> Encode(ReadOnlyMemory<byte> body)
    {
        if (!IsEncoded) return body;
        using var output = new MemoryStream(body.Length / 4);
        using (var encoder = EncoderTo(output)) encoder.Write(body.Span);
        return output.GetBuffer().AsMemory(0, (int)output.Length);
    }

    /// <summary>Leaves <paramref name="output"/> open, and has written all of it once it is disposed of.</summary>
    // RFC 9110 §8.4.1.2: "deflate" is the zlib format.
    internal Stream EncoderTo(Stream output) => Name switch
    {
        "gzip" => new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true),
        "br" => new BrotliStream(output, CompressionLevel.Fastest, leaveOpen: true),
        _ => new ZLibStream(output, CompressionLevel.Fastest, leaveOpen: true),
    };

    /// <returns>Null if the coding is not mentioned, neither by name nor by <c>*</c>.</returns>
    private static double? WeightOf(string coding, string acceptEncoding)
    {
        double? byStar = null;
        foreach (var item in acceptEncoding.Split(','))
        {
            var parts = item.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0].Equals(coding, StringComparison.OrdinalIgnoreCase)) return Weight(parts);
            if (parts[0] == "*") byStar = Weight(parts);
        }

        return byStar;
    }

    private static double Weight(string[] parts)
    {
        foreach (var parameter in parts.AsSpan(1))
        {
            if (!parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)) continue;
            return double.TryParse(parameter.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight)
                && weight is >= 0 and <= 1 ? weight : 0;
        }

        return 1;
    }
}
