using System.Text;

namespace Ambient.Http2.Messages;

/// <summary>
/// Whether a header list is a well-formed message (RFC 9113 §8). Each check returns null if it is, else a sentence.
/// </summary>
internal static class MessageRules
{
    public static string? CheckRequest(HeaderList headers, bool extendedConnect, bool endStream, out MessageFacts facts)
    {
        facts = new MessageFacts();
        if (CheckFields(headers, Pseudo.OfRequest, out var pseudo, ref facts) is { } problem) return problem;
        if (CheckPseudo(headers, pseudo, extendedConnect, ref facts) is { } missing) return missing;
        if (facts.IsConnect) facts.ContentLength = -1;
        return endStream && facts.ContentLength > 0
            ? $"content-length is {facts.ContentLength} in a request without content (RFC 9113 §8.1.1)." : null;
    }

    /// <param name="toHead">The request was HEAD.</param>
    /// <param name="toConnect">The request was a plain CONNECT.</param>
    public static string? CheckResponse(HeaderList headers, bool endStream, bool toHead, bool toConnect, out MessageFacts facts)
    {
        facts = new MessageFacts();
        if (CheckFields(headers, Pseudo.Status, out var pseudo, ref facts) is { } problem) return problem;
        if ((pseudo & Pseudo.Status) == 0) return "A response without :status (RFC 9113 §8.3.2).";
        var status = headers.Status;
        if (status is < 100 or > 999) return ":status is not a number of three digits (RFC 9110 §15).";
        if (status == 101) return "101 does not exist in HTTP/2 (RFC 9113 §8.6).";
        facts.IsInterim = status < 200;
        facts.IsConnect = toConnect && status is >= 200 and < 300;
        if (facts.IsInterim && endStream) return "An interim response ends the stream (RFC 9113 §8.1).";
        // These have no content, whatever content-length says (RFC 9110 §6.4.1, §9.3.6).
        if (facts.IsInterim || facts.IsConnect) facts.ContentLength = -1;
        else if ((toHead || status is 204 or 304) && facts.ContentLength >= 0) facts.ContentLength = 0;
        return endStream && facts.ContentLength > 0
            ? $"content-length is {facts.ContentLength} in a response without content (RFC 9113 §8.1.1)." : null;
    }

    public static string? CheckTrailers(HeaderList headers)
    {
        var facts = new MessageFacts();
        return CheckFields(headers, Pseudo.None, out _, ref facts);
    }

    private static string? CheckFields(HeaderList headers, Pseudo allowed, out Pseudo found, ref MessageFacts facts)
    {
        found = Pseudo.None;
        var regular = false;
        for (var i = 0; i < headers.Count; i++)
        {
            var field = headers[i];
            if (!FieldRules.IsValue(field.Value)) return $"The value of {Show(field.Name)} has characters it must not have (RFC 9113 §8.2.1).";
            var problem = field.Name.Length > 0 && field.Name[0] == ':'
                ? CheckPseudoField(field, allowed, regular, ref found)
                : CheckRegularField(field, ref facts);
            if (problem is not null) return problem;
            regular |= field.Name[0] != ':';
        }
        return null;
    }

    private static string? CheckPseudoField(HeaderField field, Pseudo allowed, bool afterRegular, ref Pseudo found)
    {
        var pseudo = PseudoOf(field.Name);
        if ((pseudo & allowed) == 0) return $"{Show(field.Name)} does not belong there (RFC 9113 §8.3).";
        if ((pseudo & found) != 0) return $"{Show(field.Name)} comes twice (RFC 9113 §8.3).";
        if (afterRegular) return $"{Show(field.Name)} comes after a regular field (RFC 9113 §8.3).";
        found |= pseudo;
        return null;
    }

    private static string? CheckRegularField(HeaderField field, ref MessageFacts facts)
    {
        if (!FieldRules.IsName(field.Name)) return $"{Show(field.Name)} is not a field name (RFC 9113 §8.2.1).";
        if (FieldRules.IsConnectionSpecific(field.Name, field.Value)) return $"{Show(field.Name)} is for HTTP/1.1 connections (RFC 9113 §8.2.2).";
        if (!field.Name.SequenceEqual("content-length"u8)) return null;
        if (facts.ContentLength >= 0) return "content-length comes twice (RFC 9110 §8.6).";
        facts.ContentLength = FieldRules.ParseContentLength(field.Value);
        return facts.ContentLength < 0 ? "content-length is not a number (RFC 9110 §8.6)." : null;
    }

    private static string? CheckPseudo(HeaderList headers, Pseudo found, bool extendedConnect, ref MessageFacts facts)
    {
        var method = headers.Method;
        if (!IsMethod(method)) return ":method is missing or not a token (RFC 9113 §8.3.1).";
        facts.IsHead = method.SequenceEqual("HEAD"u8);
        var isConnect = method.SequenceEqual("CONNECT"u8);
        if ((found & Pseudo.Protocol) != 0)
        {
            if (!extendedConnect) return ":protocol is used, which was not offered (RFC 8441 §4).";
            if (!isConnect || (found & Pseudo.Authority) == 0) return ":protocol without CONNECT and :authority (RFC 8441 §4).";
        }
        else if (isConnect)
        {
            facts.IsConnect = true;
            return CheckConnect(headers, found);
        }
        if ((found & (Pseudo.Scheme | Pseudo.Path)) != (Pseudo.Scheme | Pseudo.Path) || headers.Scheme.IsEmpty)
            return "A request without :scheme or :path (RFC 9113 §8.3.1).";
        return CheckTarget(headers, method) ?? CheckHost(headers, found);
    }

    // RFC 9113 §8.5
    private static string? CheckConnect(HeaderList headers, Pseudo found)
    {
        if ((found & (Pseudo.Scheme | Pseudo.Path)) != 0) return "CONNECT with :scheme or :path (RFC 9113 §8.5).";
        return headers.Authority.IsEmpty ? "CONNECT without :authority (RFC 9113 §8.5)." : CheckHost(headers, found);
    }

    private static string? CheckTarget(HeaderList headers, ReadOnlySpan<byte> method)
    {
        var scheme = headers.Scheme;
        var path = headers.Path;
        if (!scheme.SequenceEqual("http"u8) && !scheme.SequenceEqual("https"u8)) return null;
        if (path.IsEmpty) return ":path is empty (RFC 9113 §8.3.1).";
        if (path[0] != '/' && !(path.SequenceEqual("*"u8) && method.SequenceEqual("OPTIONS"u8)))
            return ":path does not start with '/' (RFC 9113 §8.3.1).";
        if (path.Contains((byte)' ')) return ":path has a space in it (RFC 3986 §3.3).";
        return headers.Authority.Contains((byte)'@') ? ":authority has user information (RFC 9113 §8.3.1)." : null;
    }

    // RFC 9113 §8.3.1: host names the same as :authority; RFC 9112 §3.2: there is one.
    private static string? CheckHost(HeaderList headers, Pseudo found)
    {
        var seen = false;
        for (var i = 0; i < headers.Count; i++)
        {
            var field = headers[i];
            if (!field.Name.SequenceEqual("host"u8)) continue;
            if (seen) return "host comes twice (RFC 9112 §3.2).";
            seen = true;
            if ((found & Pseudo.Authority) != 0 && !Ascii.EqualsIgnoreCase(field.Value, headers.Authority))
                return "host and :authority differ (RFC 9113 §8.3.1).";
        }
        return null;
    }

    // Upper case is a token too, unlike in field names.
    private static bool IsMethod(ReadOnlySpan<byte> method)
    {
        if (method.IsEmpty) return false;
        foreach (var b in method)
            if (!char.IsAsciiLetterUpper((char)b) && !FieldRules.IsName([b]))
                return false;
        return true;
    }

    private static Pseudo PseudoOf(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual(":method"u8)) return Pseudo.Method;
        if (name.SequenceEqual(":authority"u8)) return Pseudo.Authority;
        if (name.SequenceEqual(":scheme"u8)) return Pseudo.Scheme;
        if (name.SequenceEqual(":path"u8)) return Pseudo.Path;
        if (name.SequenceEqual(":status"u8)) return Pseudo.Status;
        return name.SequenceEqual(":protocol"u8) ? Pseudo.Protocol : Pseudo.None;
    }

    // For a log line: short, and nothing that could break it.
    private static string Show(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder("'");
        foreach (var b in name[..Math.Min(name.Length, 40)])
            text.Append(b is > 32 and < 127 ? (char)b : '?');
        return text.Append('\'').ToString();
    }

    [Flags]
    private enum Pseudo : byte
    {
        None = 0,
        Method = 1,
        Scheme = 2,
        Authority = 4,
        Path = 8,
        Protocol = 16,
        Status = 32,
        OfRequest = Method | Scheme | Authority | Path | Protocol,
    }
}
