using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Outbound;

/// <summary>Which waypoint a service's connection takes.</summary>
internal static class Waypoints
{
    /// <summary>One of the weighted ones in proportion, if any has weight; else the single one; else null.</summary>
    public static GatewayAddress? Choose(Service service, Random random)
    {
        var sum = 0L;
        foreach (var candidate in service.WeightedWaypoints) sum += candidate.Weight;
        if (sum == 0) return service.Waypoint;

        var ticket = random.NextInt64(sum);
        foreach (var candidate in service.WeightedWaypoints)
        {
            if (ticket < candidate.Weight) return candidate.Destination;
            ticket -= candidate.Weight;
        }
        return service.Waypoint;
    }
}
