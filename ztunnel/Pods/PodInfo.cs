using Ambient.Protos.Zds;

namespace Ambient.Ztunnel.Pods;

/// <summary>A pod as the node agent names it. Its trust domain comes with its workload, not from here.</summary>
/// <param name="Uid">The pod's uid in its cluster, which is not the name of its workload.</param>
internal sealed record PodInfo(string Uid, string Name, string Namespace, string ServiceAccount)
{
    internal static PodInfo From(string uid, WorkloadInfo info) => new(uid, info.Name, info.Namespace, info.ServiceAccount);
}
