namespace Ambient.Model.Routes;

public enum PathRewriteKind : byte
{
    /// <summary>The whole path; the query stays.</summary>
    Full,

    /// <summary>What the match's path stands for: whole segments or the beginning of the text, as it matched.</summary>
    Prefix,

    /// <summary>What a regular expression finds; <c>\1</c> and so on in the text stand for its groups.</summary>
    Regex,
}

/// <param name="Pattern">For <see cref="PathRewriteKind.Regex"/> only.</param>
public sealed record PathRewrite(PathRewriteKind Kind, string Text, string Pattern = "");

/// <param name="Host">Takes the place of the authority; null leaves it.</param>
public sealed record Rewrite(string? Host, PathRewrite? Path);

/// <summary>The port that the client is sent to.</summary>
public enum RedirectPort : byte
{
    /// <summary>That of the scheme if the redirect names a scheme, else the one that was dialled (Gateway API).</summary>
    Automatic,

    /// <summary><see cref="Redirect.Port"/>.</summary>
    Fixed,

    /// <summary>That of the scheme.</summary>
    OfScheme,

    /// <summary>The one that was dialled.</summary>
    OfRequest,

    /// <summary>None is named unless the authority has one (virtual services).</summary>
    None,
}

/// <summary>Sends the client elsewhere. What is not said stays as it was asked for.</summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>; null: as asked.</param>
/// <param name="Status">301, 302, 303, 307 or 308.</param>
public sealed record Redirect(string? Scheme, string? Host, PathRewrite? Path, RedirectPort PortRule, ushort Port, ushort Status);

/// <summary>An answer that is written down in the route.</summary>
/// <param name="Status">200 to 599.</param>
public sealed record DirectResponse(ushort Status, string Body);
