using System.Net;

namespace Ambient.Model.Routes;

/// <summary>The header fields of a request, whichever version of HTTP brought them.</summary>
public interface IRequestFields
{
    /// <param name="name">Compared without case.</param>
    /// <param name="value">All lines of the name, joined by commas (RFC 9110 §5.3); valid until the next call.</param>
    bool TryGet(string name, out ReadOnlySpan<byte> value);
}

/// <summary>What routes are chosen by.</summary>
public readonly ref struct RouteRequest
{
    public required ReadOnlySpan<byte> Method { get; init; }

    /// <summary>Canonical, without query.</summary>
    public required ReadOnlySpan<byte> Path { get; init; }

    /// <summary>As sent, without question mark.</summary>
    public ReadOnlySpan<byte> Query { get; init; }

    public ReadOnlySpan<byte> Scheme { get; init; }

    public ReadOnlySpan<byte> Authority { get; init; }

    public required IRequestFields Fields { get; init; }

    /// <summary>Null for a caller without identity.</summary>
    public string? SourceNamespace { get; init; }

    /// <summary>The client's address as far as it is trusted; null if it is not known.</summary>
    public IPAddress? RemoteIp { get; init; }

    /// <summary>The default value: there is no request, only a connection.</summary>
    public bool IsAbsent => Fields is null;
}
