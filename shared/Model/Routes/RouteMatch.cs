using System.Text;

namespace Ambient.Model.Routes;

public enum PathMatchKind : byte
{
    /// <summary>Byte for byte.</summary>
    Exact,

    /// <summary>Whole segments: <c>/a</c> matches <c>/a</c> and <c>/a/b</c>, not <c>/ab</c> (Gateway API).</summary>
    Segments,

    /// <summary>The beginning of the text: <c>/a</c> matches <c>/ab</c> too (VirtualService).</summary>
    Prefix,

    /// <summary>The whole path.</summary>
    Regex,
}

/// <summary>A test of the canonical path without query.</summary>
public sealed record PathMatch
{
    public static readonly PathMatch Any = Segments("/");

    private readonly TextMatch _text;

    private PathMatch(PathMatchKind kind, TextMatch text) => (Kind, _text) = (kind, text);

    public PathMatchKind Kind { get; }

    /// <summary>Of segments without the slash at the end; so <c>/</c> is the empty text.</summary>
    public string Text => _text.Text;

    public bool IgnoreCase => _text.IgnoreCase;

    public static PathMatch Exact(string path, bool ignoreCase = false) => new(PathMatchKind.Exact, TextMatch.Exact(path, ignoreCase));

    public static PathMatch Segments(string path) => new(PathMatchKind.Segments, TextMatch.Prefix(path.TrimEnd('/')));

    public static PathMatch Prefix(string path, bool ignoreCase = false) => new(PathMatchKind.Prefix, TextMatch.Prefix(path, ignoreCase));

    /// <exception cref="ArgumentException">See <see cref="TextMatch.Regex"/>.</exception>
    public static PathMatch Regex(string pattern) => new(PathMatchKind.Regex, TextMatch.Regex(pattern));

    public bool IsMatch(ReadOnlySpan<byte> path)
    {
        if (!_text.IsMatch(path)) return false;
        if (Kind != PathMatchKind.Segments) return true;
        var length = Encoding.UTF8.GetByteCount(Text);
        return path.Length == length || path[length] == '/';
    }
}

/// <param name="Name">Compared without case.</param>
/// <param name="Inverted">The test must fail; an absent header counts as an empty one.</param>
public sealed record HeaderMatch(string Name, TextMatch Value, bool Inverted = false);

/// <param name="Name">Compared with case. The first parameter of the name is the one that counts.</param>
public sealed record QueryMatch(string Name, TextMatch Value);

/// <summary>Conditions that must all hold for a request. The default matches everything.</summary>
public sealed record RouteMatch
{
    public static readonly RouteMatch Everything = new();

    public PathMatch Path { get; init; } = PathMatch.Any;

    /// <summary>Of the service; 0 for any. Requests to other ports do not get as far as the table.</summary>
    public ushort Port { get; init; }

    public TextMatch? Method { get; init; }

    public TextMatch? Scheme { get; init; }

    /// <summary>Of the Host header, port included.</summary>
    public TextMatch? Authority { get; init; }

    public EquatableArray<HeaderMatch> Headers { get; init; } = [];

    public EquatableArray<QueryMatch> Query { get; init; } = [];

    /// <summary>The namespace of the caller's identity.</summary>
    public string? SourceNamespace { get; init; }

    /// <summary>Of connections of TLS: one of these is asked for (SNI). In lower case, wildcards among them; none: any, or no name at all.</summary>
    public EquatableArray<string> ServerNames { get; init; } = [];

    /// <summary>All but the path, which the table has found already.</summary>
    internal bool MatchesBesidesPath(in RouteRequest request) =>
        Method?.IsMatch(request.Method) != false
        && Scheme?.IsMatch(request.Scheme) != false
        && Authority?.IsMatch(request.Authority) != false
        && (SourceNamespace is null || SourceNamespace == request.SourceNamespace)
        && MatchesHeaders(request.Fields) && MatchesQuery(request.Query);

    private bool MatchesHeaders(IRequestFields fields)
    {
        foreach (var header in Headers)
        {
            var isThere = fields.TryGet(header.Name, out var value);
            var holds = (isThere || (header.Inverted && header.Value.Kind != TextMatchKind.Present)) && header.Value.IsMatch(value);
            if (holds == header.Inverted) return false;
        }

        return true;
    }

    private bool MatchesQuery(ReadOnlySpan<byte> query)
    {
        foreach (var wanted in Query)
            if (!QueryText.TryFind(query, wanted.Name, out var value) || !wanted.Value.IsMatch(value)) return false;
        return true;
    }
}
