using System.Globalization;

namespace Ambient.Xds.Client;

/// <summary>A resource's version as the server wrote it. Up to 16 hexadecimal digits, the usual case, are kept as a number.</summary>
internal readonly struct HeldVersion
{
    private readonly string? _text;
    private readonly ulong _number;
    private readonly byte _digits;

    public HeldVersion(string text)
    {
        if (text.Length is > 0 and <= 16 && !text.AsSpan().ContainsAnyExcept("0123456789abcdef"))
            (_number, _digits) = (ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), (byte)text.Length);
        else _text = text;
    }

    public override string ToString() =>
        _digits > 0 ? _number.ToString($"x{_digits}", CultureInfo.InvariantCulture) : _text ?? "";
}
