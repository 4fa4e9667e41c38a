using Ambient.Model.Addresses;
using Ambient.Model.Identities;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>What the node's agent knows a pod by.</summary>
public readonly record struct LocalName(string Name, string Namespace, string ServiceAccount);

/// <summary>All workloads with their indexes. Immutable.</summary>
internal sealed class WorkloadTable
{
    public static readonly WorkloadTable Empty = new();

    public HashTrie<string, Workload> ByUid { get; private init; } = HashTrie<string, Workload>.Empty;

    /// <summary>Claimants of each address, oldest claim first; workloads on their node's network claim none.</summary>
    public HashTrie<NetworkAddress, Workload[]> ByAddress { get; private init; } = HashTrie<NetworkAddress, Workload[]>.Empty;

    public HashTrie<ServiceKey, Workload[]> ByHost { get; private init; } = HashTrie<ServiceKey, Workload[]>.Empty;

    /// <summary>Only workloads of the local node.</summary>
    public HashTrie<LocalName, Workload[]> Local { get; private init; } = HashTrie<LocalName, Workload[]>.Empty;

    /// <summary>Identities of local workloads that need a certificate, and how many have each.</summary>
    public HashTrie<SpiffeId, int> LocalIdentities { get; private init; } = HashTrie<SpiffeId, int>.Empty;

    /// <summary>
    /// The one to take for an address that several claim: a pod before anything else, then one that speaks HBONE,
    /// then the latest claim.
    /// </summary>
    public Workload? FindByAddress(NetworkAddress address)
    {
        Workload? best = null;
        foreach (var workload in ByAddress.Find(address) ?? [])
            if (best is null || Precedence(workload) >= Precedence(best)) best = workload;
        return best;
    }

    public Builder ToBuilder(string? localNode) => new(this, localNode);

    private static int Precedence(Workload workload) =>
        (workload.Uid.Contains("//Pod/", StringComparison.Ordinal) ? 2 : 0) + (workload.Protocol == TunnelProtocol.Hbone ? 1 : 0);

    public sealed class Builder(WorkloadTable table, string? localNode)
    {
        private readonly HashTrie<string, Workload>.Builder _byUid = table.ByUid.ToBuilder();
        private readonly HashTrie<NetworkAddress, Workload[]>.Builder _byAddress = table.ByAddress.ToBuilder();
        private readonly HashTrie<ServiceKey, Workload[]>.Builder _byHost = table.ByHost.ToBuilder();
        private readonly HashTrie<LocalName, Workload[]>.Builder _local = table.Local.ToBuilder();
        private readonly HashTrie<SpiffeId, int>.Builder _identities = table.LocalIdentities.ToBuilder();

        public HashSet<SpiffeId> TouchedIdentities { get; } = [];

        public Workload? Find(string uid) => _byUid.Find(uid);

        public bool IsLocal(Workload workload) => localNode is null || workload.Node == localNode;

        public int LocalUsers(SpiffeId identity) => _identities.Find(identity);

        public WorkloadTable ToTable() => new()
        {
            ByUid = _byUid.ToTrie(),
            ByAddress = _byAddress.ToTrie(),
            ByHost = _byHost.ToTrie(),
            Local = _local.ToTrie(),
            LocalIdentities = _identities.ToTrie(),
        };

        /// <summary>Adds (<paramref name="before"/> is null), replaces, or removes (<paramref name="after"/> is null) a workload.</summary>
        public void Replace(Workload? before, Workload? after)
        {
            if (after is not null) _byUid.Set(after.Uid, after);
            else _byUid.Remove(before!.Uid);

            _byAddress.Move(AddressesOf(before), before, AddressesOf(after), after);
            _byHost.Move(HostsOf(before), before, HostsOf(after), after);
            _local.Move(LocalNamesOf(before), before, LocalNamesOf(after), after);
            // Taken on before given up, so that an identity kept is never at zero.
            if (NeedsCertificate(after)) CountIdentity(after!.Identity, +1);
            if (NeedsCertificate(before)) CountIdentity(before!.Identity, -1);
        }

        private static NetworkAddress[] AddressesOf(Workload? workload) =>
            workload is null || workload.NetworkMode == NetworkMode.HostNetwork
                ? []
                : [.. workload.Addresses.Select(ip => new NetworkAddress(workload.Network, ip)).Distinct()];

        private static ServiceKey[] HostsOf(Workload? workload) =>
            workload is null || workload.Hostname.Length == 0 ? [] : [new(workload.Namespace, workload.Hostname)];

        private LocalName[] LocalNamesOf(Workload? workload) =>
            workload is null || !IsLocal(workload) ? [] : [new(workload.Name, workload.Namespace, workload.ServiceAccount)];

        private bool NeedsCertificate(Workload? workload) =>
            workload is not null && IsLocal(workload) && (workload.Protocol == TunnelProtocol.Hbone || workload.NativeTunnel);

        private void CountIdentity(SpiffeId identity, int change)
        {
            TouchedIdentities.Add(identity);
            var count = _identities.Find(identity) + change;
            if (count == 0) _identities.Remove(identity);
            else _identities.Set(identity, count);
        }
    }
}
