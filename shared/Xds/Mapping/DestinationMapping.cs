using Ambient.Model;
using Ambient.Model.Traffic;
using Google.Protobuf.Collections;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>Destination policies between the model and the wire.</summary>
public static class DestinationMapping
{
    public static Wire.Destination ToWire(DestinationPolicy destination)
    {
        var wire = new Wire.Destination { Namespace = destination.Namespace, Name = destination.Name, Policy = ToWire(destination.Policy) };
        wire.Services.AddRange(destination.Services.Select(RouteMapping.ToWire));
        wire.Ports.AddRange(destination.Ports.Select(ToWire));
        foreach (var subset in destination.Subsets)
        {
            var to = new Wire.Subset { Name = subset.Name, Policy = ToWire(subset.Policy) };
            to.Workloads.AddRange(subset.Workloads);
            to.Ports.AddRange(subset.Ports.Select(ToWire));
            wire.Subsets.Add(to);
        }
        return wire;
    }

    /// <exception cref="ArgumentException">It makes no sense; for the NACK.</exception>
    public static DestinationPolicy ToModel(Wire.Destination wire, SharedValues pool) => new()
    {
        Namespace = pool.Share(wire.Namespace),
        Name = wire.Name,
        Services = wire.Services.Select(service => RouteMapping.ToModel(service, pool)).ToEquatableArray(),
        Policy = ToModel(wire.Policy) ?? TrafficPolicy.Default,
        Ports = ToModel(wire.Ports),
        Subsets = wire.Subsets.Select(subset => new Subset(
            pool.Share(subset.Name), TextMapping.Texts(subset.Workloads, pool), ToModel(subset.Policy), ToModel(subset.Ports))).ToEquatableArray(),
    };

    private static Wire.PortPolicy ToWire(PortPolicy port) => new() { Port = port.Port, Policy = ToWire(port.Policy) };

    private static EquatableArray<PortPolicy> ToModel(RepeatedField<Wire.PortPolicy> wire) =>
        wire.Select(static port => new PortPolicy(PortsMapping.ToPort(port.Port), ToModel(port.Policy) ?? TrafficPolicy.Default)).ToEquatableArray();

    private static Wire.TrafficPolicy? ToWire(TrafficPolicy? policy) => policy is null ? null : new()
    {
        Balancing = (Wire.Balancing)policy.Balancing,
        HashKey = ToWire(policy.HashKey),
        WarmupMs = RouteActionMapping.Milliseconds(policy.Warmup),
        MaxConnections = policy.Limits.MaxConnections,
        MaxPendingRequests = policy.Limits.MaxPendingRequests,
        MaxRequests = policy.Limits.MaxRequests,
        MaxRequestsPerConnection = policy.Limits.MaxRequestsPerConnection,
        MaxRetries = policy.Limits.MaxRetries,
        ConnectTimeoutMs = RouteActionMapping.Milliseconds(policy.Limits.ConnectTimeout),
        IdleTimeoutMs = RouteActionMapping.Milliseconds(policy.Limits.IdleTimeout),
        Outlier = ToWire(policy.Outlier),
        Http = (Wire.UpstreamHttp)policy.Http,
        RetryBudget = policy.RetryBudget is not { } budget ? null : new() { Percent = budget.Percent, Least = budget.Least },
        Unusable = policy.Unusable,
        Tls = ToWire(policy.Tls),
        Locality = LocalityBalancingMapping.ToWire(policy.Locality),
    };

    private static TrafficPolicy? ToModel(Wire.TrafficPolicy? wire)
    {
        if (wire is null) return null;
        if (!Enum.IsDefined((BalancingKind)wire.Balancing)) throw new ArgumentException($"the way of balancing {(int)wire.Balancing} is not known");
        if (!Enum.IsDefined((UpstreamHttp)wire.Http)) throw new ArgumentException($"the version of HTTP {(int)wire.Http} is not known");
        return new()
        {
            Balancing = (BalancingKind)wire.Balancing,
            HashKey = ToModel(wire.HashKey),
            Warmup = RouteActionMapping.Time(wire.WarmupMs),
            Limits = new()
            {
                MaxConnections = wire.MaxConnections,
                MaxPendingRequests = wire.MaxPendingRequests,
                MaxRequests = wire.MaxRequests,
                MaxRequestsPerConnection = wire.MaxRequestsPerConnection,
                MaxRetries = wire.MaxRetries,
                ConnectTimeout = RouteActionMapping.Time(wire.ConnectTimeoutMs),
                IdleTimeout = RouteActionMapping.Time(wire.IdleTimeoutMs),
            },
            Outlier = ToModel(wire.Outlier),
            Http = (UpstreamHttp)wire.Http,
            RetryBudget = wire.RetryBudget is not { } budget ? null : new(RouteActionMapping.Percent(budget.Percent), budget.Least),
            Unusable = wire.Unusable,
            Tls = ToModel(wire.Tls),
            Locality = LocalityBalancingMapping.ToModel(wire.Locality),
        };
    }

    internal static Wire.ServerTls? ToWire(ServerTls? tls) => tls is null ? null : new()
    {
        ServerName = tls.ServerName,
        Names = { tls.Names },
        RootsFile = tls.RootsFile,
        CertificateFile = tls.CertificateFile,
        KeyFile = tls.KeyFile,
        AcceptsAnyone = tls.AcceptsAnyone,
        Roots = tls.Roots,
    };

    internal static ServerTls? ToModel(Wire.ServerTls? wire) => wire is null ? null : new()
    {
        ServerName = wire.ServerName,
        Names = wire.Names.ToEquatableArray(),
        RootsFile = wire.RootsFile,
        CertificateFile = wire.CertificateFile,
        KeyFile = wire.KeyFile,
        AcceptsAnyone = wire.AcceptsAnyone,
        Roots = wire.Roots,
    };

    private static Wire.HashKey? ToWire(HashKey? key) => key is null ? null : new()
    {
        Kind = (Wire.HashKeyKind)key.Kind,
        Name = key.Name,
        CookiePath = key.CookiePath,
        CookieLifetimeMsPlusOne = key.CookieLifetime is { } lifetime ? (ulong)lifetime.TotalMilliseconds + 1 : 0,
    };

    private static HashKey? ToModel(Wire.HashKey? wire)
    {
        if (wire is null) return null;
        if (!Enum.IsDefined((HashKeyKind)wire.Kind)) throw new ArgumentException($"the kind of hash key {(int)wire.Kind} is not known");
        TimeSpan? lifetime = wire.CookieLifetimeMsPlusOne == 0 ? null : TimeSpan.FromMilliseconds(Math.Min(wire.CookieLifetimeMsPlusOne - 1, uint.MaxValue));
        return new((HashKeyKind)wire.Kind, wire.Name, wire.CookiePath, lifetime);
    }

    private static Wire.Outlier? ToWire(OutlierDetection? outlier) => outlier is null ? null : new()
    {
        Consecutive5Xx = outlier.Consecutive5xx,
        ConsecutiveGatewayErrors = outlier.ConsecutiveGatewayErrors,
        SplitsLocalErrors = outlier.SplitsLocalErrors,
        ConsecutiveLocalFailures = outlier.ConsecutiveLocalFailures,
        IntervalMs = RouteActionMapping.Milliseconds(outlier.Interval),
        BaseEjectionMs = RouteActionMapping.Milliseconds(outlier.BaseEjection),
        MaxEjectionPercent = outlier.MaxEjectionPercent,
        MinHealthPercent = outlier.MinHealthPercent,
    };

    private static OutlierDetection? ToModel(Wire.Outlier? wire) => wire is null ? null : new(
        wire.Consecutive5Xx, wire.ConsecutiveGatewayErrors, wire.SplitsLocalErrors, wire.ConsecutiveLocalFailures,
        RouteActionMapping.Time(wire.IntervalMs), RouteActionMapping.Time(wire.BaseEjectionMs), Math.Min(wire.MaxEjectionPercent, 100), Math.Min(wire.MinHealthPercent, 100));
}
