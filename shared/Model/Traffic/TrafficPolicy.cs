namespace Ambient.Model.Traffic;

public enum BalancingKind : byte { LeastRequest, RoundRobin, Random, ConsistentHash, Passthrough }

/// <summary>What requests that belong together have in common, for <see cref="BalancingKind.ConsistentHash"/>.</summary>
public enum HashKeyKind : byte { Header, Cookie, SourceIp, QueryParameter }

/// <param name="Name">Of the header, cookie or parameter.</param>
/// <param name="CookieLifetime">For a cookie that is made where there is none; null makes none, zero one for the session.</param>
public sealed record HashKey(HashKeyKind Kind, string Name, string CookiePath = "", TimeSpan? CookieLifetime = null);

/// <summary>When a server gets no requests for a while (DestinationRule, outlierDetection). Counts are of failures in a row; 0 switches one off.</summary>
/// <param name="MaxEjectionPercent">Of the endpoints, rounded down; 0 to 100.</param>
/// <param name="MinHealthPercent">Below so many healthy ones nobody counts as ejected; 0 to 100.</param>
public sealed record OutlierDetection(
    uint Consecutive5xx, uint ConsecutiveGatewayErrors, bool SplitsLocalErrors, uint ConsecutiveLocalFailures,
    TimeSpan Interval, TimeSpan BaseEjection, uint MaxEjectionPercent, uint MinHealthPercent);

/// <summary>Of all requests of one waypoint to one destination; 0 for no limit.</summary>
public sealed record ConnectionLimits
{
    public static readonly ConnectionLimits None = new();

    public uint MaxConnections { get; init; }

    public uint MaxPendingRequests { get; init; }

    public uint MaxRequests { get; init; }

    public uint MaxRequestsPerConnection { get; init; }

    /// <summary>At once.</summary>
    public uint MaxRetries { get; init; }

    /// <summary>Of a connection outside of the mesh; zero: as the proxy has it.</summary>
    public TimeSpan ConnectTimeout { get; init; }

    /// <summary>Of a connection without a request; zero: as the proxy has it.</summary>
    public TimeSpan IdleTimeout { get; init; }
}

/// <summary>Which version of HTTP is spoken to servers.</summary>
public enum UpstreamHttp : byte
{
    /// <summary>What the service's port says, else HTTP/1.1.</summary>
    Automatic,
    Http1,
    Http2,

    /// <summary>What the client speaks.</summary>
    AsClient,
}

/// <param name="Percent">Of the requests under way.</param>
/// <param name="Least">Retries at once that are always allowed.</param>
public sealed record RetryBudgetLimit(double Percent, uint Least);

/// <summary>How requests are spread over a destination's servers, and how many. Immutable, equal by content.</summary>
public sealed record TrafficPolicy
{
    public static readonly TrafficPolicy Default = new();

    public BalancingKind Balancing { get; init; }

    /// <summary>For <see cref="BalancingKind.ConsistentHash"/>.</summary>
    public HashKey? HashKey { get; init; }

    /// <summary>A new server gets its full share after so long; zero at once.</summary>
    public TimeSpan Warmup { get; init; }

    public ConnectionLimits Limits { get; init; } = ConnectionLimits.None;

    /// <summary>Null: nobody is ejected.</summary>
    public OutlierDetection? Outlier { get; init; }

    public UpstreamHttp Http { get; init; }

    /// <summary>Takes the place of <see cref="ConnectionLimits.MaxRetries"/>.</summary>
    public RetryBudgetLimit? RetryBudget { get; init; }

    /// <summary>Takes the place of the service's own preference of near servers; null: that counts.</summary>
    public LocalityBalancing? Locality { get; init; }

    /// <summary>Null: plain within the mesh's own encryption.</summary>
    public ServerTls? Tls { get; init; }

    /// <summary>Why it must not be used, which is answered with 503: what it asks for cannot be honoured. Empty for a sound one.</summary>
    public string Unusable { get; init; } = "";
}
