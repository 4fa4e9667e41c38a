namespace Ambient.Http1.Heads;

/// <summary>HTTP-version SP status-code [ SP reason-phrase ] (RFC 9112 §4). The second space is not asked for: many servers leave it out.</summary>
internal static class StatusLine
{
    private const int ReasonAt = 13; // behind "HTTP/1.1 200 "

    public static Http1Error Read(byte[] bytes, (int Start, int Length) line, ResponseHead head)
    {
        var text = bytes.AsSpan(line.Start, line.Length);
        if (text.Length < ReasonAt - 1 || !text.StartsWith("HTTP/"u8) || text[6] != '.' || text[8] != ' ')
            return Http1Error.Of(Http1Violation.BadStatusLine);
        if (text[5] != '1' || text[7] is not ((byte)'0' or (byte)'1')) return Http1Error.Of(Http1Violation.UnsupportedVersion);
        if (!TryReadStatus(text[9..(ReasonAt - 1)], out var status)) return Http1Error.Of(Http1Violation.BadStatusLine);
        if (text.Length >= ReasonAt && (text[ReasonAt - 1] != ' ' || !HttpCharacters.IsFieldValue(text[ReasonAt..])))
            return Http1Error.Of(Http1Violation.BadStatusLine);

        head.Version = text[7] == '0' ? HttpVersion.Http10 : HttpVersion.Http11;
        head.Status = status;
        if (text.Length > ReasonAt) head.SetReason(line.Start + ReasonAt, text.Length - ReasonAt);
        return default;
    }

    private static bool TryReadStatus(ReadOnlySpan<byte> digits, out int status)
    {
        status = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit)) return false;
            status = status * 10 + (digit - '0');
        }

        return status is >= 100 and < 600;
    }
}
