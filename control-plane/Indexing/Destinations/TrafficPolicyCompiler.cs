using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Traffic;

namespace Ambient.ControlPlane.Indexing.Destinations;

/// <summary>The parts of a traffic policy, each of which is inherited or replaced as a whole.</summary>
/// <param name="Foreign">Asks for a connection that the mesh does not make: the field's name; null for none.</param>
internal sealed record PolicyParts(
    LoadBalancerSpec? LoadBalancer, ConnectionPoolSpec? ConnectionPool, OutlierDetectionSpec? OutlierDetection, ClientTlsSpec? Tls, RetryBudgetSpec? RetryBudget, string? Foreign)
{
    public static PolicyParts Of(TrafficPolicySpec policy) => new(policy.LoadBalancer, policy.ConnectionPool, policy.OutlierDetection, policy.Tls, policy.RetryBudget,
        policy.Tunnel is not null ? "tunnel" : policy.ProxyProtocol is not null ? "proxyProtocol" : null);

    public static PolicyParts Of(PortTrafficPolicySpec policy) => new(policy.LoadBalancer, policy.ConnectionPool, policy.OutlierDetection, policy.Tls, null, null);

    public PolicyParts With(PolicyParts own) => new(own.LoadBalancer ?? LoadBalancer, own.ConnectionPool ?? ConnectionPool,
        own.OutlierDetection ?? OutlierDetection, own.Tls ?? Tls, own.RetryBudget ?? RetryBudget, own.Foreign ?? Foreign);
}

/// <summary>Traffic policies of DestinationRules → the model's. Pure.</summary>
/// <param name="problems">Told what is not honoured.</param>
internal sealed class TrafficPolicyCompiler(List<string> problems)
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(10), DefaultEjection = TimeSpan.FromSeconds(30);

    public TrafficPolicy Compile(PolicyParts parts, string field)
    {
        var (balancing, key, warmup) = BalancingOf(parts.LoadBalancer, $"{field}.loadBalancer");
        var (tls, tlsProblem) = ServerTlsReader.Read(parts.Tls);
        return new()
        {
            Balancing = balancing,
            HashKey = key,
            Warmup = warmup,
            Limits = LimitsOf(parts.ConnectionPool ?? new(), $"{field}.connectionPool"),
            Outlier = parts.OutlierDetection is { } outlier ? OutlierOf(outlier, $"{field}.outlierDetection") : null,
            Http = HttpOf(parts.ConnectionPool?.Http, $"{field}.connectionPool.http.h2UpgradePolicy"),
            RetryBudget = parts.RetryBudget is { } budget ? new(Math.Clamp(Number(budget.Percent ?? 20), 0, 100), (uint)Math.Clamp(budget.MinRetryConcurrency ?? 3, 0, uint.MaxValue)) : null,
            Locality = LocalityOf(parts, $"{field}.loadBalancer.localityLbSetting"),
            Tls = tls,
            Unusable = UnusableOf(parts, tlsProblem, field),
        };
    }

    private static double Number(double value) => double.IsFinite(value) ? value : 0;

    private string UnusableOf(PolicyParts parts, string? tlsProblem, string field)
    {
        var what = parts.Foreign ?? tlsProblem;
        if (what is null) return "";
        problems.Add($"{field}: {what} cannot be honoured by waypoints, so the destination is not reached: it is answered with 503.");
        return $"{what} cannot be honoured";
    }

    private (BalancingKind, HashKey?, TimeSpan) BalancingOf(LoadBalancerSpec? balancer, string field)
    {
        if (balancer is null) return default;
        var warmup = Time(balancer.Warmup?.Duration ?? balancer.WarmupDurationSecs, $"{field}.warmup", TimeSpan.Zero);
        if (balancer.ConsistentHash is { } hash && KeyOf(hash, $"{field}.consistentHash") is { } key) return (BalancingKind.ConsistentHash, key, warmup);
        switch (balancer.Simple)
        {
            case null or "" or "UNSPECIFIED" or "LEAST_REQUEST" or "LEAST_CONN": return (BalancingKind.LeastRequest, null, warmup);
            case "ROUND_ROBIN": return (BalancingKind.RoundRobin, null, warmup);
            case "RANDOM": return (BalancingKind.Random, null, warmup);
            case "PASSTHROUGH": return (BalancingKind.Passthrough, null, warmup);
        }
        NotHonoured($"{field}.simple {Findings.Quote(balancer.Simple)}", "use LEAST_REQUEST, ROUND_ROBIN, RANDOM or PASSTHROUGH");
        return (BalancingKind.LeastRequest, null, warmup);
    }

    private LocalityBalancing? LocalityOf(PolicyParts parts, string field)
    {
        try { return LocalityReader.Read(parts.LoadBalancer?.LocalityLbSetting, parts.OutlierDetection is not null); }
        catch (UnusablePartException e)
        {
            problems.Add($"{field} is not honoured: {e.Message}");
            return null;
        }
    }

    private HashKey? KeyOf(ConsistentHashSpec hash, string field)
    {
        try
        {
            if (hash.HttpHeaderName is { Length: > 0 } header) return new(HashKeyKind.Header, HttpTexts.FieldName(header));
            if (hash.HttpQueryParameterName is { Length: > 0 and <= 256 } parameter) return new(HashKeyKind.QueryParameter, parameter);
            if (hash.UseSourceIp == true) return new(HashKeyKind.SourceIp, "");
            if (hash.HttpCookie is { } cookie)
            {
                if (cookie.Attributes is not null) NotHonoured($"{field}.httpCookie.attributes", "cookies are made with a path and a lifetime only");
                return new(HashKeyKind.Cookie, HttpTexts.Token(cookie.Name), CookiePath(cookie.Path), cookie.Ttl is { } ttl ? Durations.OfIstio(ttl) : null);
            }
            NotHonoured(field, "name a header, a cookie, a query parameter or useSourceIp");
        }
        catch (UnusablePartException e) { NotHonoured(field, e.Message); }
        return null;
    }

    private static string CookiePath(string? path)
    {
        if (path?.Contains(';') == true) throw new UnusablePartException($"{Findings.Quote(path)} is no path of a cookie.");
        return path is { Length: > 0 } ? HttpTexts.Path(path) : "";
    }

    private ConnectionLimits LimitsOf(ConnectionPoolSpec pool, string field)
    {
        var (tcp, http) = (pool.Tcp ?? new(), pool.Http ?? new());
        if (tcp.IdleTimeout is not null || tcp.MaxConnectionDuration is not null || tcp.TcpKeepalive is not null)
            NotHonoured($"{field}.tcp.idleTimeout, maxConnectionDuration and tcpKeepalive", "the mesh has its own between proxies");
        if (http.MaxConcurrentStreams is not null || http.Http2KeepAlive is not null)
            NotHonoured($"{field}.http.maxConcurrentStreams and http2KeepAlive", "limit requests with http2MaxRequests");
        return new()
        {
            MaxConnections = Count(tcp.MaxConnections),
            MaxPendingRequests = Count(http.Http1MaxPendingRequests),
            MaxRequests = Count(http.Http2MaxRequests),
            MaxRequestsPerConnection = Count(http.MaxRequestsPerConnection),
            MaxRetries = Count(http.MaxRetries),
            ConnectTimeout = Time(tcp.ConnectTimeout, $"{field}.tcp.connectTimeout", TimeSpan.Zero),
            IdleTimeout = Time(http.IdleTimeout, $"{field}.http.idleTimeout", TimeSpan.Zero),
        };
    }

    private UpstreamHttp HttpOf(HttpPoolSpec? http, string field)
    {
        if (http?.UseClientProtocol == true) return UpstreamHttp.AsClient;
        if (http?.H2UpgradePolicy is not (null or "" or "DEFAULT" or "DO_NOT_UPGRADE" or "UPGRADE")) NotHonoured(field, "use DEFAULT, DO_NOT_UPGRADE or UPGRADE");
        return http?.H2UpgradePolicy == "UPGRADE" ? UpstreamHttp.Http2 : UpstreamHttp.Automatic;
    }

    private OutlierDetection OutlierOf(OutlierDetectionSpec outlier, string field)
    {
        if (outlier.ConsecutiveErrors is not null) NotHonoured($"{field}.consecutiveErrors", "use consecutive5xxErrors or consecutiveGatewayErrors");
        return new(
            (uint)Math.Clamp(outlier.Consecutive5xxErrors ?? 5, 0, uint.MaxValue), Count(outlier.ConsecutiveGatewayErrors), outlier.SplitExternalLocalOriginErrors == true,
            (uint)Math.Clamp(outlier.ConsecutiveLocalOriginFailures ?? 5, 0, uint.MaxValue),
            Time(outlier.Interval, $"{field}.interval", DefaultInterval), Time(outlier.BaseEjectionTime, $"{field}.baseEjectionTime", DefaultEjection),
            (uint)Math.Clamp(outlier.MaxEjectionPercent ?? 10, 0, 100), (uint)Math.Clamp(outlier.MinHealthPercent ?? 0, 0, 100));
    }

    private static uint Count(long? number) => (uint)Math.Clamp(number ?? 0, 0, uint.MaxValue);

    private TimeSpan Time(string? text, string field, TimeSpan otherwise)
    {
        if (text is null) return otherwise;
        try
        {
            var time = Durations.OfIstio(text);
            return time > TimeSpan.Zero ? time : otherwise;
        }
        catch (UnusablePartException e)
        {
            NotHonoured(field, e.Message);
            return otherwise;
        }
    }

    private void NotHonoured(string what, string instead) => problems.Add($"{what} is not honoured: {instead}.");
}
