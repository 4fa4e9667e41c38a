namespace Ambient.Model.Workloads;

/// <summary>
/// A name in two parts: what pods of one template share, up to the last dash, and the few characters of its own behind that, as a
/// number. A name without such an end is all of the first part.
/// </summary>
internal readonly struct PodName : IEquatable<PodName>
{
    /// <summary>Characters; a byte of the number each.</summary>
    public const int MaxSuffix = sizeof(ulong);

    public static readonly PodName Empty = new("");

    private readonly ulong _suffix; // the first character in the lowest byte; 0 if there is none
    private readonly string _prefix;

    private PodName(string prefix, ulong suffix) => (_prefix, _suffix) = (prefix, suffix);

    public PodName(string name)
    {
        var start = name.LastIndexOf('-') + 1;
        var own = name.AsSpan(start);
        (_prefix, _suffix) = start > 0 && own.Length is > 0 and <= MaxSuffix && !own.ContainsAnyExceptInRange('\x01', '\x7f')
            ? (name[..start], Pack(own)) : (name, 0);
    }

    public string Prefix => _prefix;

    /// <param name="room">Of <see cref="MaxSuffix"/> characters.</param>
    public ReadOnlySpan<char> Suffix(Span<char> room)
    {
        var length = 0;
        for (var rest = _suffix; rest != 0; rest >>= 8) room[length++] = (char)(rest & 0xff);
        return room[..length];
    }

    /// <summary>The same name with that very copy of the first part, if it is equal.</summary>
    public PodName Sharing(string prefix) => prefix == _prefix ? new(prefix, _suffix) : this;

    public bool Equals(PodName other) => _suffix == other._suffix && _prefix == other._prefix;

    public override bool Equals(object? obj) => obj is PodName other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_prefix, _suffix);

    public override string ToString() => _suffix == 0 ? _prefix : string.Concat(_prefix, Suffix(stackalloc char[MaxSuffix]));

    private static ulong Pack(ReadOnlySpan<char> text)
    {
        var packed = 0ul;
        for (var i = text.Length - 1; i >= 0; i--) packed = packed << 8 | text[i];
        return packed;
    }
}
