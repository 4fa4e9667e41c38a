using Ambient.Model;
using Ambient.Model.Traffic;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>TLS towards services' servers between the model and the wire.</summary>
public static class BackendTlsMapping
{
    private const int MaxTargets = 1024, MaxRootsBytes = 1 << 20;

    public static Wire.BackendTls ToWire(BackendTls tls) => new()
    {
        Namespace = tls.Namespace,
        Name = tls.Name,
        CreatedMs = tls.Created.ToUnixTimeMilliseconds(),
        Targets = { tls.Targets.Select(static target => new Wire.Parent { Service = RouteMapping.ToWire(target.Service), Port = target.Port }) },
        Tls = DestinationMapping.ToWire(tls.Tls),
        Unusable = tls.Unusable,
    };

    /// <exception cref="ArgumentException">It makes no sense; for the NACK.</exception>
    public static BackendTls ToModel(Wire.BackendTls wire, SharedValues pool)
    {
        if (wire.Targets.Count > MaxTargets) throw new ArgumentException($"the policy has {wire.Targets.Count} targets; at most {MaxTargets} are taken");
        if (wire.Tls?.Roots.Length > MaxRootsBytes) throw new ArgumentException($"the certificate authorities have {wire.Tls.Roots.Length} bytes; at most {MaxRootsBytes} are taken");
        if (wire.Tls is null && wire.Unusable.Length == 0) throw new ArgumentException("the policy says neither which TLS nor why there is none");
        return new()
        {
            Namespace = pool.Share(wire.Namespace),
            Name = wire.Name,
            Created = DateTimeOffset.FromUnixTimeMilliseconds(wire.CreatedMs),
            Targets = wire.Targets.Select(target => ToModel(target, pool)).ToEquatableArray(),
            Tls = DestinationMapping.ToModel(wire.Tls),
            Unusable = wire.Unusable,
        };
    }

    /// <summary>What of a rejected one shows whom it is for: their servers get nothing.</summary>
    internal static BackendTls Closed(Wire.BackendTls wire, string fault) => new()
    {
        Namespace = wire.Namespace,
        Name = wire.Name,
        Targets = wire.Targets.Where(static target => target is { Service.Hostname.Length: > 0, Port: <= ushort.MaxValue }).Take(MaxTargets)
            .Select(static target => ToModel(target, new())).ToEquatableArray(),
        Unusable = fault,
    };

    private static TlsTarget ToModel(Wire.Parent wire, SharedValues pool) => new(RouteMapping.ToModel(wire.Service, pool), PortsMapping.ToPort(wire.Port));
}
