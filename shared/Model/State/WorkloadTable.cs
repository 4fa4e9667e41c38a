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

    /// <summary>By <see cref="Workload.UidHash"/>.</summary>
    public HashIndex<Workload> All { get; private init; } = HashIndex<Workload>.Empty;

    /// <summary>Claimants of each <see cref="NetworkAddress"/>, by its hash; workloads on their node's network claim none.</summary>
    public HashIndex<Workload> ByAddress { get; private init; } = HashIndex<Workload>.Empty;

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
        foreach (var workload in ByAddress.Find(address.GetHashCode()))
        {
            if (workload.Network != address.Network || !workload.Owns(address.Bits)) continue;
            if (best is null || Precedence(workload) >= Precedence(best)) best = workload;
        }
        return best;
    }

    public Workload? FindByUid(string uid) => FindByUid(All.Find(string.GetHashCode(uid)), uid);

    internal static Workload? FindByUid(HashIndex<Workload>.Matches found, string uid)
    {
        foreach (var workload in found)
            if (workload.HasUid(uid)) return workload;
        return null;
    }

    public Builder ToBuilder(string? localNode) => new(this, localNode);

    private static int Precedence(Workload workload) =>
        (workload.IsPod ? 2 : 0) + (workload.Protocol == TunnelProtocol.Hbone ? 1 : 0);

    public sealed class Builder(WorkloadTable table, string? localNode)
    {
        private readonly HashIndex<Workload>.Builder _all = table.All.ToBuilder();
        private readonly HashIndex<Workload>.Builder _byAddress = table.ByAddress.ToBuilder();
        private readonly HashTrie<ServiceKey, Workload[]>.Builder _byHost = table.ByHost.ToBuilder();
        private readonly HashTrie<LocalName, Workload[]>.Builder _local = table.Local.ToBuilder();
        private readonly HashTrie<SpiffeId, int>.Builder _identities = table.LocalIdentities.ToBuilder();

        public HashSet<SpiffeId> TouchedIdentities { get; } = [];

        public Workload? Find(string uid) => FindByUid(_all.Find(string.GetHashCode(uid)), uid);

        public bool IsLocal(Workload workload) => localNode is null || workload.Node == localNode;

        public int LocalUsers(SpiffeId identity) => _identities.Find(identity);

        public WorkloadTable ToTable() => new()
        {
            All = _all.ToIndex(),
            ByAddress = _byAddress.ToIndex(),
            ByHost = _byHost.ToTrie(),
            Local = _local.ToTrie(),
            LocalIdentities = _identities.ToTrie(),
        };

        /// <summary>Adds (<paramref name="before"/> is null), replaces, or removes (<paramref name="after"/> is null) a workload.</summary>
        public void Replace(Workload? before, Workload? after)
        {
            _all.Move(UidOf(before), before, UidOf(after), after);
            _byAddress.Move(AddressesOf(before), before, AddressesOf(after), after);
            _byHost.Move(HostsOf(before), before, HostsOf(after), after);
            _local.Move(LocalNamesOf(before), before, LocalNamesOf(after), after);
            // Taken on before given up, so that an identity kept is never at zero.
            if (NeedsCertificate(after)) CountIdentity(after!.Identity, +1);
            if (NeedsCertificate(before)) CountIdentity(before!.Identity, -1);
        }

        private static int[] UidOf(Workload? workload) => workload is null ? [] : [workload.UidHash];

        private static int[] AddressesOf(Workload? workload) =>
            workload is null || workload.NetworkMode == NetworkMode.HostNetwork
                ? []
                : [.. workload.Addresses.Select(ip => new NetworkAddress(workload.Network, ip).GetHashCode()).Distinct()];

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
