using System.Collections.Concurrent;
using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Options;

namespace Ambient.Waypoint.Inbound;

/// <summary>Finds what a CONNECT is for: the address that was dialled decides, and only what uses this waypoint is served, or did so a moment ago.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class TargetFinder
{
    /// <summary>For so long after it left is served what other nodes still send here.</summary>
    internal static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    // A node may know a moment before us that a service uses this waypoint, and what it sends then must not be lost.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, long> _left = new();
    private readonly WaypointOptions _options;
    private readonly MeshState _mesh;
    private readonly TimeProvider _time;

    public TargetFinder(WaypointOptions options, MeshState mesh, TimeProvider time)
    {
        (_options, _mesh, _time) = (options, mesh, time);
        mesh.Changed += Follow;
    }

    /// <summary>A service or workload has left for another waypoint, or for none; told on any thread, with how to tell what was for it.</summary>
    public event Action<Func<DialledTarget, bool>>? Left;

    /// <returns>Null if it is not ours, also after a moment.</returns>
    public ValueTask<DialledTarget?> FindAsync(Authority target) => Known(target) is { } known ? new(known) : WaitAsync(target);

    /// <summary>It uses this waypoint now.</summary>
    public bool IsOurs(DialledTarget target)
    {
        var now = _mesh.Current;
        return target.Key is { } service
            ? now.FindService(service) is { } entry && IsOurs(entry.Service, now)
            : IsUs(now.FindWorkload(target.Workload!.Uid)?.Waypoint, now);
    }

    private DialledTarget? Known(Authority target) => Find(target, _mesh.Current);

    private DialledTarget? Find(Authority target, MeshSnapshot now)
    {
        var (service, workload) = Lookup(target, now);
        if (service is not null && service.Service.Ports.Contains(target.Port) && (IsOurs(service.Service, now) || HasJustLeft(service.Service.Key.ToString()))) return new(service, null, target.Address, target.Port);
        return workload is not null && (IsUs(workload.Waypoint, now) || HasJustLeft(workload.Uid)) ? new(null, workload, target.Address, target.Port) : null;
    }

    private (ServiceEntry?, Workload?) Lookup(Authority target, MeshSnapshot now)
    {
        if (target.Address is not { } address) return (now.FindService(target.Host!, null), null);
        var found = now.FindServiceFirst(new(_options.Node.Network, address), null);
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
        { Host: { } host } => host == _options.Service,
        _ => now.FindServiceFirst(waypoint.Address!.Value, null).Service?.Service.Key == _options.Service,
    };

    private async ValueTask<DialledTarget?> WaitAsync(Authority target)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        try { return await _mesh.WaitForAsync(now => Find(target, now), patience.Token); }
        catch (OperationCanceledException) { return Known(target); }
    }

    // On the writer's thread.
    private void Follow(MeshChange change)
    {
        foreach (var before in change.ReboundServices)
            if (IsOurs(before, change.Snapshot) && !(change.Snapshot.FindService(before.Key) is { } service && IsOurs(service.Service, change.Snapshot)))
                Leave(before.Key.ToString(), target => target.Key == before.Key);
        foreach (var before in change.ReboundWorkloads)
            if (IsUs(before.Waypoint, change.Snapshot) && !IsUs(change.Snapshot.FindWorkload(before.Uid)?.Waypoint, change.Snapshot))
                Leave(before.Uid, target => target.Workload?.Uid == before.Uid);
    }

    private void Leave(string name, Func<DialledTarget, bool> isIt)
    {
        foreach (var (known, since) in _left)
            if (_time.GetElapsedTime(since) > Farewell) _left.TryRemove(new(known, since));
        _left[name] = _time.GetTimestamp();
        Left?.Invoke(isIt);
    }

    private bool HasJustLeft(string name) => !_left.IsEmpty && _left.TryGetValue(name, out var since) && _time.GetElapsedTime(since) <= Farewell;
}
