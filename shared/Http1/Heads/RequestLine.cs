using System.Text;

namespace Ambient.Http1.Heads;

/// <summary>method SP request-target SP HTTP-version (RFC 9112 §3), with exactly one space between the parts.</summary>
internal static class RequestLine
{
    public static Http1Error Read(byte[] bytes, (int Start, int Length) line, RequestHead head)
    {
        var text = bytes.AsSpan(line.Start, line.Length);
        var first = text.IndexOf((byte)' ');
        var last = text.LastIndexOf((byte)' ');
        if (first < 0 || first == last) return Http1Error.Of(Http1Violation.BadRequestLine);

        var method = text[..first];
        var target = text[(first + 1)..last];
        if (!HttpCharacters.IsToken(method)) return Http1Error.Of(Http1Violation.BadMethod);
        head.SetMethod(line.Start, method.Length);
        head.SetTarget(line.Start + first + 1, target.Length);

        var error = ReadVersion(text[(last + 1)..], head);
        return error.IsNone && !TryReadTarget(method, target, head) ? Http1Error.Of(Http1Violation.BadTarget) : error;
    }

    private static Http1Error ReadVersion(ReadOnlySpan<byte> version, RequestHead head)
    {
        if (version.Length != 8 || !version.StartsWith("HTTP/"u8) || version[6] != '.'
            || !char.IsAsciiDigit((char)version[5]) || !char.IsAsciiDigit((char)version[7]))
            return Http1Error.Of(Http1Violation.BadVersion);

        if (version[5] != '1' || version[7] is not ((byte)'0' or (byte)'1')) return Http1Error.Of(Http1Violation.UnsupportedVersion);
        head.Version = version[7] == '0' ? HttpVersion.Http10 : HttpVersion.Http11;
        return default;
    }

    private static bool TryReadTarget(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, RequestHead head)
    {
        if (!HttpCharacters.IsTarget(target)) return false;
        if (method.SequenceEqual("CONNECT"u8)) return TryReadAuthorityForm(target, head);
        if (target[0] == '/')
        {
            head.Form = TargetForm.Origin;
            head.SetPathInTarget(..);
            return true;
        }

        if (target.SequenceEqual("*"u8))
        {
            head.Form = TargetForm.Asterisk;
            head.SetPathInTarget(..);
            return method.SequenceEqual("OPTIONS"u8);
        }

        return TryReadAbsoluteForm(target, head);
    }

    // RFC 9112 §3.2.3: host ":" port, the port is not optional.
    private static bool TryReadAuthorityForm(ReadOnlySpan<byte> target, RequestHead head)
    {
        head.Form = TargetForm.Authority;
        head.SetAuthorityInTarget(..);
        return Authority.TryParse(target, out var port) && !port.IsEmpty;
    }

    private static bool TryReadAbsoluteForm(ReadOnlySpan<byte> target, RequestHead head)
    {
        head.Form = TargetForm.Absolute;
        var scheme = StartsWithIgnoreCase(target, "http://"u8) ? 7 : StartsWithIgnoreCase(target, "https://"u8) ? 8 : 0;
        if (scheme == 0) return false;

        var rest = target[scheme..];
        var end = rest.IndexOfAny((byte)'/', (byte)'?');
        var authorityEnd = scheme + (end < 0 ? rest.Length : end);
        head.SetAuthorityInTarget(scheme..authorityEnd);
        head.SetPathInTarget(authorityEnd..);
        return Authority.TryParse(target[scheme..authorityEnd], out _);
    }

    private static bool StartsWithIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> prefix) =>
        text.Length >= prefix.Length && Ascii.EqualsIgnoreCase(text[..prefix.Length], prefix);
}
