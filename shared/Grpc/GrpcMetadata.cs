using System.Buffers;
using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Ambient.Grpc;

/// <summary>Headers of a call, in order. A name may occur several times; names are compared without case and kept in lower case.</summary>
/// <remarks>Values of names that end in <c>-bin</c> are bytes (base64 on the wire), all others printable ASCII. Not thread-safe while it changes.</remarks>
public sealed class GrpcMetadata : IEnumerable<KeyValuePair<string, string>>
{
    private const string BinarySuffix = "-bin";
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-");
    private readonly List<KeyValuePair<string, string>> _entries = [];

    /// <summary>Has no entry; never add one.</summary>
    public static GrpcMetadata Empty => new();

    public int Count => _entries.Count;

    /// <exception cref="ArgumentException">
    /// The name is not one of metadata (it has other characters than <c>a-z 0-9 _ . -</c>, or belongs to the protocol), names
    /// bytes, or the value is not printable ASCII. The text of the value is not repeated: it may be a secret.
    /// </exception>
    public void Add(string name, string value)
    {
        var lower = CheckName(name);
        if (lower.EndsWith(BinarySuffix, StringComparison.Ordinal))
            throw new ArgumentException($"Metadata '{lower}' ends in '-bin', so its value is bytes: use AddBytes.");
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException($"The value of metadata '{lower}' has a character that is not printable ASCII. Check for line ends.");
        _entries.Add(new(lower, value));
    }

    /// <exception cref="ArgumentException">The name is not one of metadata, or does not end in <c>-bin</c>.</exception>
    public void AddBytes(string name, ReadOnlySpan<byte> value)
    {
        var lower = CheckName(name);
        if (!lower.EndsWith(BinarySuffix, StringComparison.Ordinal))
            throw new ArgumentException($"Metadata '{lower}' must end in '-bin' to carry bytes.");
        _entries.Add(new(lower, Convert.ToBase64String(value).TrimEnd('=')));
    }

    /// <summary>The last value of that name; null if there is none.</summary>
    public string? Find(string name)
    {
        for (var i = _entries.Count - 1; i >= 0; i--)
            if (_entries[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase)) return _entries[i].Value;
        return null;
    }

    /// <summary>The last value of that name as bytes.</summary>
    /// <returns>False if there is none or it is not base64.</returns>
    public bool TryFindBytes(string name, [NotNullWhen(true)] out byte[]? value)
    {
        value = null;
        if (Find(name) is not { } text) return false;
        text = text[(text.LastIndexOf(',') + 1)..].Trim();
        var buffer = new byte[text.Length];
        if (!Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), buffer, out var length)) return false;
        value = buffer[..length];
        return true;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Takes a header as it came; what belongs to HTTP or to the protocol is left out.</summary>
    public void AddReceived(string name, string value)
    {
        var lower = name.ToLowerInvariant();
        if (!IsReserved(lower) && !lower.AsSpan().ContainsAnyExcept(NameCharacters)) _entries.Add(new(lower, value));
    }

    /// <summary>True for the names that the protocol or HTTP uses itself.</summary>
    public static bool IsReserved(string lowerName) =>
        lowerName.StartsWith("grpc-", StringComparison.Ordinal) || lowerName.StartsWith(':')
        || lowerName is "content-type" or "te" or "host" or "content-length" or "user-agent" or "connection" or "transfer-encoding" or "date" or "server";

    private static string CheckName(string name)
    {
        var lower = name.ToLowerInvariant();
        if (lower.Length == 0 || lower.AsSpan().ContainsAnyExcept(NameCharacters))
            throw new ArgumentException($"'{name}' cannot name metadata: use a-z, 0-9, '_', '.' and '-'.");
        if (IsReserved(lower)) throw new ArgumentException($"Metadata '{lower}' belongs to the protocol itself.");
        return lower;
    }
}
