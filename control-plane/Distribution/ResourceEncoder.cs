using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Protos.Workloads;
using Ambient.Xds.Mapping;
using Ambient.Xds.Server;
using Google.Protobuf;
using Service = Ambient.Model.Workloads.Service;
using Workload = Ambient.Model.Workloads.Workload;
using GatewayAddress = Ambient.Model.Workloads.GatewayAddress;

namespace Ambient.ControlPlane.Distribution;

/// <summary>Model → bytes, with the keys under which clients ask for it. Not thread-safe.</summary>
internal sealed class ResourceEncoder
{
    /// <summary>Of <see cref="PublishedResource.Kind"/>.</summary>
    public const int WorkloadKind = 1, ServiceKind = 2, PolicyKind = 3, TrafficKind = 4;

    // No subscription of a client can be mistaken for it: names of resources have no line end.
    private const string NodePrefix = "node\n";

    private readonly SharedValues _pool = new(1 << 20);

    /// <summary>The key of everything that runs on a node.</summary>
    public static string NodeKey(string node) => NodePrefix + node;

    public PublishedResource Encode(Workload workload)
    {
        var address = new Address { Workload = WorkloadMapping.ToWire(workload) };
        return new(workload.Uid, address.ToByteArray())
        {
            Kind = WorkloadKind,
            Aliases = [.. workload.Addresses.Select(ip => $"{workload.Network}/{ip}")],
            Memberships = [.. Memberships(workload)],
            References = [.. References(workload.Waypoint, workload.NetworkGateway)],
        };
    }

    public PublishedResource Encode(Service service)
    {
        var address = new Address { Service = ServiceMapping.ToWire(service) };
        var name = _pool.Share(service.Key.ToString());
        return new(name, address.ToByteArray())
        {
            Kind = ServiceKind,
            Aliases =
            [
                .. service.Vips.Select(static vip => vip.ToString()),
                .. service.CidrVips.Select(static range => range.ToString()),
            ],
            // Whoever finds it by an address needs its workloads, too.
            References = [name, .. References([service.Waypoint, .. service.WeightedWaypoints.Select(static waypoint => waypoint.Destination)])],
        };
    }

    public PublishedResource Encode(NamedPolicy policy) =>
        new(policy.ResourceName, PolicyMapping.ToWire(policy.Policy).ToByteArray()) { Kind = PolicyKind };

    public PublishedResource Encode(TrafficResource resource) =>
        new(resource.Name, TrafficMapping.ToWire(resource).ToByteArray()) { Kind = TrafficKind };

    /// <summary>The workload alone: an <c>Address</c> with one is its tag, its length and it.</summary>
    public static ReadOnlyMemory<byte> WorkloadOf(ReadOnlyMemory<byte> address)
    {
        var length = 1; // the tag
        while ((address.Span[length] & 0x80) != 0) length++;
        return address[(length + 1)..];
    }

    private IEnumerable<string> Memberships(Workload workload)
    {
        foreach (var membership in (IEnumerable<ServiceMembership>)workload.Services) yield return _pool.Share(membership.Service.ToString());
        if (workload.Node.Length > 0) yield return _pool.Share(NodeKey(workload.Node));
        if (workload.Hostname.Length > 0) yield return _pool.Share(new ServiceKey(workload.Namespace, workload.Hostname).ToString());
    }

    private IEnumerable<string> References(params IEnumerable<GatewayAddress?> gateways)
    {
        foreach (var gateway in gateways)
            if (gateway is not null) yield return _pool.Share(gateway.Host?.ToString() ?? gateway.Address.ToString()!);
    }
}
