namespace Ambient.Http1.Heads;

/// <summary>One line of a head or of trailers: name ":" OWS value OWS (RFC 9112 §5), read strictly.</summary>
internal static class FieldLine
{
    /// <summary>Checks the line and adds it to <paramref name="fields"/> as slices of <paramref name="bytes"/>.</summary>
    public static Http1Error Read(byte[] bytes, (int Start, int Length) line, FieldSection fields)
    {
        var text = bytes.AsSpan(line.Start, line.Length);
        if (text[0] is (byte)' ' or (byte)'\t') return Http1Error.Of(Http1Violation.LineFolding);

        var colon = text.IndexOf((byte)':');
        if (colon < 0) return Http1Error.Of(Http1Violation.MissingColon);
        if (colon > 0 && text[colon - 1] is (byte)' ' or (byte)'\t') return Http1Error.Of(Http1Violation.SpaceBeforeColon);
        if (!HttpCharacters.IsToken(text[..colon])) return Http1Error.Of(Http1Violation.BadFieldName);

        var raw = text[(colon + 1)..];
        if (!HttpCharacters.IsFieldValue(raw)) return Http1Error.Of(Http1Violation.BadFieldValue);

        var value = HttpCharacters.TrimWhitespace(raw);
        raw.Overlaps(value, out var leading);
        fields.Add(line.Start, colon, line.Start + colon + 1 + leading, value.Length);
        return default;
    }
}
