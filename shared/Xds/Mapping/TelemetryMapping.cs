using Ambient.Model;
using Ambient.Model.Telemetry;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>What users want to be told of requests, between the model and the wire.</summary>
public static class TelemetryMapping
{
    public static Wire.Telemetry ToWire(TelemetryPolicy policy)
    {
        var wire = new Wire.Telemetry
        {
            Namespace = policy.Namespace, Name = policy.Name, CreatedMs = policy.Created.ToUnixTimeMilliseconds(), Scope = (Wire.TelemetryScope)policy.Scope,
            Tracing = policy.Tracing is { } tracing ? ToWire(tracing) : null,
        };
        wire.Services.AddRange(policy.Services.Select(RouteMapping.ToWire));
        wire.Gateways.AddRange(policy.Gateways);
        if (policy.AccessLog is { } log)
        {
            wire.AccessLog = new();
            if (log.IsOff is { } off) wire.AccessLog.IsOff = off;
            if (log.LeastStatus is { } least) wire.AccessLog.LeastStatus = (uint)least;
            if (log.IsJson is { } json) wire.AccessLog.IsJson = json;
        }
        wire.Metrics.AddRange(policy.Metrics.Select(ToWire));
        return wire;
    }

    /// <exception cref="ArgumentException">A scope that is not known, or a number out of range; for the NACK.</exception>
    public static TelemetryPolicy ToModel(Wire.Telemetry wire, SharedValues pool) => new()
    {
        Namespace = pool.Share(wire.Namespace),
        Name = wire.Name,
        Created = DateTimeOffset.FromUnixTimeMilliseconds(wire.CreatedMs),
        Scope = wire.Scope is >= Wire.TelemetryScope.MeshDefault and <= Wire.TelemetryScope.Target ? (TelemetryScope)wire.Scope : throw new ArgumentException($"the scope {wire.Scope} is not known"),
        Services = wire.Services.Select(service => RouteMapping.ToModel(service, pool)).ToEquatableArray(),
        Gateways = TextMapping.Texts(wire.Gateways, pool),
        Tracing = wire.Tracing is { } tracing ? ToModel(tracing, pool) : null,
        AccessLog = wire.AccessLog is not { } log ? null : new()
        {
            IsOff = log.HasIsOff ? log.IsOff : null,
            IsJson = log.HasIsJson ? log.IsJson : null,
            LeastStatus = !log.HasLeastStatus ? null : log.LeastStatus <= 999 ? (int)log.LeastStatus : throw new ArgumentException($"{log.LeastStatus} is no status"),
        },
        Metrics = wire.Metrics.Select(static change => new MetricOverride(
            (Metrics)change.Metrics & Metrics.All, change.HasIsOff ? change.IsOff : null,
            change.Tags.Select(static tag => new TagOverride(tag.Label, tag.HasValue ? tag.Value : null)).ToEquatableArray())).ToEquatableArray(),
    };

    private static Wire.Tracing ToWire(TracingSettings tracing)
    {
        var wire = new Wire.Tracing();
        if (tracing.Collector is { } collector) (wire.Collector, wire.CollectorPort, wire.CollectorPath) = (RouteMapping.ToWire(collector.Service), collector.Port, collector.Path);
        if (tracing.Percent is { } percent) wire.Percent = percent;
        if (tracing.IsSilent is { } silent) wire.IsSilent = silent;
        if (tracing.TellsWorkloads is { } tells) wire.TellsWorkloads = tells;
        wire.Tags.AddRange(tracing.Tags.Select(static tag => new Wire.CustomTag { Name = tag.Name, Header = tag.Header, Value = tag.Value }));
        return wire;
    }

    private static TracingSettings ToModel(Wire.Tracing wire, SharedValues pool) => new()
    {
        Collector = wire.Collector is not { } service ? null : wire.CollectorPort is > 0 and <= ushort.MaxValue
            ? new(RouteMapping.ToModel(service, pool), (ushort)wire.CollectorPort, wire.CollectorPath) : throw new ArgumentException($"{wire.CollectorPort} is no port of a collector"),
        Percent = !wire.HasPercent ? null : wire.Percent is >= 0 and <= 100 ? wire.Percent : throw new ArgumentException($"{wire.Percent} is no percentage"),
        IsSilent = wire.HasIsSilent ? wire.IsSilent : null,
        TellsWorkloads = wire.HasTellsWorkloads ? wire.TellsWorkloads : null,
        Tags = wire.Tags.Select(static tag => new CustomTag(tag.Name, tag.Header, tag.Value)).ToEquatableArray(),
    };

    private static Wire.MetricOverride ToWire(MetricOverride change)
    {
        var wire = new Wire.MetricOverride { Metrics = (uint)change.Metrics };
        if (change.IsOff is { } off) wire.IsOff = off;
        foreach (var tag in change.Tags)
        {
            var told = new Wire.TagOverride { Label = tag.Label };
            if (tag.Value is { } value) told.Value = value;
            wire.Tags.Add(told);
        }
        return wire;
    }
}
