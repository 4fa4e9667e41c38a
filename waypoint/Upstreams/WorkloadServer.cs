using System.Net;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Balancing;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Waypoint.Upstreams;

/// <summary>A workload that was addressed itself: the one server there is. Thread-safe.</summary>
internal sealed class WorkloadServer(string uid, ushort port, MeshState mesh) : IUpstreamSource
{
    private volatile UpstreamCluster? _made;

    public UpstreamCluster Current
    {
        get
        {
            var (known, now) = (_made, mesh.Current.FindWorkload(uid));
            if (known is not null && (known.Endpoints.Count == 0 ? now is null : known.Endpoints[0].Subject!.Equals(now))) return known;
            return _made = Make(now);
        }
    }

    private UpstreamCluster Make(Workload? workload) => new($"inbound|{port}||{uid}",
        workload is not null && WorkloadAddress.Of(workload, IpFamilies.Automatic) is { } address
            ? [new(new IPEndPoint(address, port)) { Subject = workload, Protocol = UpstreamProtocol.SameAsClient }]
            : []);
}
