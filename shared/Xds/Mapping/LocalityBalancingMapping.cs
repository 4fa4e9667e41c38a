using Ambient.Model;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>How requests are spread over places, between the model and the wire.</summary>
internal static class LocalityBalancingMapping
{
    private const uint MostWeight = 1_000_000;

    public static Wire.LocalityBalancing? ToWire(LocalityBalancing? locality) => locality is null ? null : new()
    {
        Distribute = { locality.Distribute.Select(ToWire) },
        Failover = { locality.Failover.Select(static one => new Wire.RegionFailover { From = one.From, To = one.To }) },
        Nearness = { locality.Nearness.Select(static scope => (uint)scope) },
    };

    public static LocalityBalancing? ToModel(Wire.LocalityBalancing? wire) => wire is null ? null : new()
    {
        Distribute = wire.Distribute.Select(ToModel).ToEquatableArray(),
        Failover = wire.Failover.Select(static one => new RegionFailover(one.From, one.To)).ToEquatableArray(),
        Nearness = wire.Nearness.Select(static scope => scope is >= (uint)LocalityScope.Region and <= (uint)LocalityScope.Network
            ? (LocalityScope)scope : throw new ArgumentException($"the scope {scope} of a place is not known")).ToEquatableArray(),
    };

    private static Wire.LocalityShares ToWire(LocalityShares shares) => new()
    {
        From = ToWire(shares.From), To = { shares.To.Select(static share => new Wire.LocalityShare { Place = ToWire(share.Place), Weight = share.Weight }) },
    };

    private static LocalityShares ToModel(Wire.LocalityShares wire) => new(ToModel(wire.From), wire.To.Select(static share => share.Weight is > 0 and <= MostWeight
        ? new LocalityShare(ToModel(share.Place), share.Weight) : throw new ArgumentException($"a place's share of {share.Weight} is not between 1 and {MostWeight}")).ToEquatableArray());

    private static Wire.LocalityPattern ToWire(LocalityPattern pattern) => new() { Region = pattern.Region, Zone = pattern.Zone, Subzone = pattern.Subzone };

    private static LocalityPattern ToModel(Wire.LocalityPattern? wire) => new(wire?.Region ?? "", wire?.Zone ?? "", wire?.Subzone ?? "");
}
