namespace Ambient.Model.Workloads;

/// <summary>The few characters that stand at the end of a generated name, as a number: six bits each, the first in the lowest.</summary>
internal readonly record struct NameSuffix
{
    public const int MaxLength = 10;

    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789.";
    private const int Bits = 6;

    private readonly ulong _packed; // each letter by its place, from 1; 0: none

    private NameSuffix(ulong packed) => _packed = packed;

    public bool IsEmpty => _packed == 0;

    /// <returns>False for a text that is empty, too long, or has characters that generated names have not.</returns>
    public static bool TryPack(ReadOnlySpan<char> text, out NameSuffix suffix)
    {
        suffix = default;
        if (text.IsEmpty || text.Length > MaxLength || text.ContainsAnyExcept(Letters)) return false;

        var packed = 0ul;
        for (var i = text.Length - 1; i >= 0; i--) packed = packed << Bits | (uint)(Letters.IndexOf(text[i]) + 1);
        suffix = new(packed);
        return true;
    }

    /// <param name="room">Of <see cref="MaxLength"/> characters.</param>
    public ReadOnlySpan<char> Unpack(Span<char> room)
    {
        var length = 0;
        for (var rest = _packed; rest != 0; rest >>= Bits) room[length++] = Letters[(int)(rest & (1 << Bits) - 1) - 1];
        return room[..length];
    }

    public override string ToString() => Unpack(stackalloc char[MaxLength]).ToString();
}
