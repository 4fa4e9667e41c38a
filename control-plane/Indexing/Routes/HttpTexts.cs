using System.Buffers;
using System.Text.RegularExpressions;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>Texts that users want in messages: what could break the message, or smuggle another one in, is refused. Pure.</summary>
internal static partial class HttpTexts
{
    private const int LongestName = 256, LongestValue = 4096, LongestPath = 1024, MostEdits = 16;

    private static readonly SearchValues<char> TokenLetters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"); // RFC 9110 §5.6.2

    // How a message is framed and which connection it is on is decided by the proxy alone.
    private static readonly string[] Framing =
        ["connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "proxy-connection", "http2-settings"];

    /// <exception cref="UnusablePartException">No name of a method or field.</exception>
    public static string Token(string? name) => name is { Length: > 0 and <= LongestName } && !name.AsSpan().ContainsAnyExcept(TokenLetters)
        ? name
        : throw new UnusablePartException($"{Findings.Quote(name)} is no name of a header or method.");

    /// <summary>In lower case.</summary>
    /// <exception cref="UnusablePartException">No name of a field.</exception>
    public static string FieldName(string? name) => Token(name).ToLowerInvariant();

    /// <exception cref="UnusablePartException">With a control character, or too long.</exception>
    public static string FieldValue(string? value) => value is { Length: <= LongestValue } && !value.AsSpan().ContainsAnyInRange('\0', '\u001f') && !value.Contains('\u007f')
        ? value
        : throw new UnusablePartException($"The header value {Findings.Quote(value)} has control characters, or more than {LongestValue} characters.");

    /// <summary>Set, then add, then remove.</summary>
    /// <exception cref="UnusablePartException">A field that must not be touched, or too many.</exception>
    public static HeaderEdits Edits(
        IEnumerable<(string? Name, string? Value, bool HasOperators)> set, IEnumerable<(string? Name, string? Value, bool HasOperators)> add, IEnumerable<string?> remove)
    {
        var edits = new HeaderEdits
        {
            Set = set.Select(static header => new HeaderValue(Editable(header.Name, isSet: true), FieldValue(header.Value), header.HasOperators)).ToEquatableArray(),
            Add = add.Select(static header => new HeaderValue(Editable(header.Name, isSet: false), FieldValue(header.Value), header.HasOperators)).ToEquatableArray(),
            Remove = remove.Select(static name => Editable(name, isSet: false)).ToEquatableArray(),
        };
        var most = Math.Max(edits.Set.Count, Math.Max(edits.Add.Count, edits.Remove.Count));
        return most <= MostEdits ? edits : throw new UnusablePartException($"{most} headers are changed in one way, at most {MostEdits} are allowed.");
    }

    /// <summary>A path as it is sent on, without query.</summary>
    /// <exception cref="UnusablePartException">No path.</exception>
    public static string Path(string? path, bool mayBeEmpty = false) =>
        path is { Length: <= LongestPath } && (path.StartsWith('/') || (path.Length == 0 && mayBeEmpty)) && IsVisible(path) && !path.AsSpan().ContainsAny('?', '#')
            ? path
            : throw new UnusablePartException($"{Findings.Quote(path)} is no path: it must begin with '/', without query, in visible ASCII, of at most {LongestPath} characters.");

    /// <summary>What takes the place of a part of a path.</summary>
    /// <exception cref="UnusablePartException">No target of a request could hold it.</exception>
    public static string PathPart(string? text) => text is { Length: <= LongestPath } && IsVisible(text) && !text.Contains('#')
        ? text
        : throw new UnusablePartException($"{Findings.Quote(text)} is no part of a path: it must be in visible ASCII without '#', of at most {LongestPath} characters.");

    /// <summary>A path that requests are compared with (HTTPPathMatch): what no request in canonical form could have is a mistake.</summary>
    /// <exception cref="UnusablePartException">Not of that form.</exception>
    public static string MatchedPath(string path)
    {
        if (path.Length > LongestPath || !LiteralPath().IsMatch(path)
            || path.Contains("//", StringComparison.Ordinal) || path.Contains("/./", StringComparison.Ordinal) || path.Contains("/../", StringComparison.Ordinal)
            || path.EndsWith("/.", StringComparison.Ordinal) || path.EndsWith("/..", StringComparison.Ordinal)
            || path.Contains("%2f", StringComparison.OrdinalIgnoreCase))
            throw new UnusablePartException($"{Findings.Quote(path)} is no path that a request can have: no dot segments, double or encoded slashes, at most {LongestPath} characters.");
        return path;
    }

    /// <summary>A host name without port and without wildcard.</summary>
    /// <exception cref="UnusablePartException">No such.</exception>
    public static string? Host(string? host) => host is null || (HostNames.IsHost(host) && !HostPattern.IsWildcard(host))
        ? host?.ToLowerInvariant()
        : throw new UnusablePartException($"{Findings.Quote(host)} is no host name.");

    /// <exception cref="UnusablePartException">Not from 1 to 65535.</exception>
    public static ushort Port(long port) =>
        port is > 0 and <= ushort.MaxValue ? (ushort)port : throw new UnusablePartException($"{port} is no port: use a number from 1 to 65535.");

    /// <summary>The whole text must match.</summary>
    /// <exception cref="UnusablePartException">No regular expression that can be used.</exception>
    public static TextMatch Regex(string? pattern)
    {
        try { return TextMatch.Regex(pattern ?? ""); }
        catch (ArgumentException e) { throw new UnusablePartException($"The regular expression {Findings.Quote(pattern)} cannot be used: {e.Message}"); }
    }

    private static string Editable(string? name, bool isSet)
    {
        var lower = FieldName(name);
        if (Framing.Contains(lower) || (lower == "host" && !isSet))
            throw new UnusablePartException($"The header {Findings.Quote(lower)} cannot be {(isSet ? "set" : "added or removed")}: it belongs to how messages are sent.");
        return lower;
    }

    private static bool IsVisible(string text) => !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    [GeneratedRegex(@"\A/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*\z")]
    private static partial Regex LiteralPath();
}
