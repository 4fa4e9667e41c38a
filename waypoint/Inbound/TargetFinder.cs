using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Options;

namespace Ambient.Waypoint.Inbound;

/// <summary>Finds what a CONNECT is for: the address that was dialled decides, and only what uses this waypoint is served.</summary>
internal sealed class TargetFinder(WaypointOptions options, MeshState mesh, TimeProvider time)
{
    // A node may know a moment before us that a service uses this waypoint, and what it sends then must not be lost.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <returns>Null if it is not ours, also after a moment.</returns>
    public ValueTask<DialledTarget?> FindAsync(Authority target) => Find(target, mesh.Current) is { } known ? new(known) : WaitAsync(target);

    internal DialledTarget? Find(Authority target, MeshSnapshot now)
    {
        var (service, workload) = Lookup(target, now);
        if (service is not null && service.Service.Ports.Contains(target.Port) && IsOurs(service.Service, now)) return new(service, null, target.Address, target.Port);
        return workload is not null && IsUs(workload.Waypoint, now) ? new(null, workload, target.Address, target.Port) : null;
    }

    private (ServiceEntry?, Workload?) Lookup(Authority target, MeshSnapshot now)
    {
        if (target.Address is not { } address) return (now.FindService(target.Host!, null), null);
        var found = now.FindServiceFirst(new(options.Node.Network, address), null);
        return (found.Service, found.Workload);
    }

    private bool IsOurs(Service service, MeshSnapshot now)
    {
        if (IsUs(service.Waypoint, now)) return true;
        foreach (var weighted in service.WeightedWaypoints)
            if (IsUs(weighted.Destination, now)) return true; // also with weight 0: the last connections may still be on their way
        return false;
    }

    private bool IsUs(GatewayAddress? waypoint, MeshSnapshot now) => waypoint switch
    {
        null => false,
        { Host: { } host } => host == options.Service,
        _ => now.FindServiceFirst(waypoint.Address!.Value, null).Service?.Service.Key == options.Service,
    };

    private async ValueTask<DialledTarget?> WaitAsync(Authority target)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try { return await mesh.WaitForAsync(now => Find(target, now), patience.Token); }
        catch (OperationCanceledException) { return null; }
    }
}
