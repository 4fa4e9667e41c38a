using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>All services with their endpoints and indexes. Immutable.</summary>
/// <remarks>
/// Other indexes hold services, never entries: a change of an endpoint replaces one entry and no index can serve a stale one. Endpoints are
/// kept for every service that any workload names, known or not and healthy or not, so none is lost when a service is created
/// again or changes its health policy.
/// </remarks>
internal sealed class ServiceTable
{
    public static readonly ServiceTable Empty = new();

    /// <summary>By <see cref="HashOfHost"/>; see <see cref="IsHost"/>.</summary>
    public HashIndex<ServiceEntry> All { get; private init; } = HashIndex<ServiceEntry>.Empty;

    /// <summary>Members of services that workloads name and nobody has described yet.</summary>
    public HashTrie<ServiceKey, ServiceMembers> Staged { get; private init; } = HashTrie<ServiceKey, ServiceMembers>.Empty;

    /// <summary>By the hash of each virtual address; see <see cref="IsVip"/>.</summary>
    public HashIndex<Service> ByVip { get; private init; } = HashIndex<Service>.Empty;

    public CidrIndex ByCidr { get; private init; } = CidrIndex.Empty;

    public ServiceEntry? Find(ServiceKey key) => Find(All.Find(HashOfHost(key.Hostname)), key);

    public Builder ToBuilder() => new(this);

    public static int HashOfHost(string hostname) => StringComparer.OrdinalIgnoreCase.GetHashCode(hostname);

    public static bool IsHost(Service service, string hostname) => service.Hostname.Equals(hostname, StringComparison.OrdinalIgnoreCase);

    /// <summary>A range of a single address is that address.</summary>
    public static bool IsVip(Service service, NetworkAddress address)
    {
        foreach (var vip in service.Vips)
            if (vip == address) return true;
        foreach (var range in service.CidrVips)
            if (range.Prefix.IsHost && range.Prefix.Bits == address.Bits && range.Network == address.Network) return true;
        return false;
    }

    private static ServiceEntry? Find(HashIndex<ServiceEntry>.Matches found, ServiceKey key)
    {
        foreach (var entry in found)
            if (entry.Service.Key == key) return entry;
        return null;
    }

    public sealed class Builder(ServiceTable table)
    {
        private readonly HashIndex<ServiceEntry>.Builder _all = table.All.ToBuilder();
        private readonly HashTrie<ServiceKey, ServiceMembers>.Builder _staged = table.Staged.ToBuilder();
        private readonly HashIndex<Service>.Builder _byVip = table.ByVip.ToBuilder();
        private readonly CidrIndex.Builder _byCidr = table.ByCidr.ToBuilder();
        private readonly Dictionary<ServiceKey, ServiceMembers.Builder> _touched = [];

        public Service? Find(ServiceKey key) => FindEntry(key)?.Service;

        /// <summary>As they are now, in no particular order.</summary>
        public IEnumerable<Workload> MembersOf(ServiceKey key) => _touched.TryGetValue(key, out var touched) ? touched.Items : SettledMembersOf(key).Items;

        /// <summary>How many services got a new entry because endpoints of theirs changed.</summary>
        public int TouchedServices => _touched.Count;

        /// <summary>Adds, replaces or removes a service; its endpoints stay known.</summary>
        public void Replace(Service? before, Service? after)
        {
            var key = (before ?? after)!.Key;
            _byVip.Move(VipsOf(before), before, VipsOf(after), after);
            _byCidr.Move(RangesOf(before), RangesOf(after), key);

            var members = SettledMembersOf(key);
            Set(key, after is null ? null : new(after, members));
            Stage(key, after is null ? members : default);
        }

        /// <summary>Moves a workload's memberships; each service is rebuilt once, by <see cref="ToTable"/>.</summary>
        public void Replace(Workload? before, Workload? after)
        {
            foreach (var membership in before?.Services ?? default)
                if (after?.MembershipIn(membership.Service) is null) Touch(membership.Service).Remove(before!);
            foreach (var membership in after?.Services ?? default)
            {
                var members = Touch(membership.Service);
                if (members.Has(after!)) continue; // named twice
                if (before?.MembershipIn(membership.Service) is null) members.Add(after!);
                else members.Replace(before, after!);
            }
        }

        public ServiceTable ToTable()
        {
            foreach (var (key, builder) in _touched) SetMembers(key, builder.ToMembers());
            return new()
            {
                All = _all.ToIndex(),
                Staged = _staged.ToTrie(),
                ByVip = _byVip.ToIndex(),
                ByCidr = _byCidr.ToIndex(),
            };
        }

        private ServiceEntry? FindEntry(ServiceKey key) => ServiceTable.Find(_all.Find(HashOfHost(key.Hostname)), key);

        private ServiceMembers SettledMembersOf(ServiceKey key) => FindEntry(key)?.Workloads ?? _staged.Find(key);

        private void SetMembers(ServiceKey key, ServiceMembers members)
        {
            if (Find(key) is { } service) Set(key, new(service, members));
            else Stage(key, members);
        }

        private void Stage(ServiceKey key, ServiceMembers members)
        {
            if (members.Count > 0) _staged.Set(key, members);
            else _staged.Remove(key);
        }

        private void Set(ServiceKey key, ServiceEntry? after)
        {
            var (hash, before) = (HashOfHost(key.Hostname), FindEntry(key));
            _all.Move(before is null ? [] : [hash], before, after is null ? [] : [hash], after);
        }

        private ServiceMembers.Builder Touch(ServiceKey key)
        {
            if (!_touched.TryGetValue(key, out var builder)) _touched[key] = builder = SettledMembersOf(key).ToBuilder();
            return builder;
        }

        // A range of a single address is that address.
        private static int[] VipsOf(Service? service) => service is null
            ? []
            : [.. service.Vips.Concat(service.CidrVips.Where(static range => range.Prefix.IsHost)
                .Select(static range => new NetworkAddress(range.Network, range.Prefix.Address))).Select(static vip => vip.GetHashCode()).Distinct()];

        private static NetworkPrefix[] RangesOf(Service? service) =>
            service is null ? [] : [.. service.CidrVips.Where(static range => !range.Prefix.IsHost).Distinct()];
    }
}
