using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>All services with their endpoints and indexes. Immutable.</summary>
/// <remarks>
/// Indexes hold keys, never entries: a change of an endpoint replaces one entry and no index can serve a stale one. Endpoints are
/// kept for every service that any workload names, known or not and healthy or not, so none is lost when a service is created
/// again or changes its health policy.
/// </remarks>
internal sealed class ServiceTable
{
    private static readonly HashTrie<string, Endpoint> NoEndpoints = HashTrie<string, Endpoint>.Empty;

    public static readonly ServiceTable Empty = new();

    public HashTrie<ServiceKey, ServiceEntry> ByKey { get; private init; } = HashTrie<ServiceKey, ServiceEntry>.Empty;

    public HashTrie<ServiceKey, HashTrie<string, Endpoint>> EndpointsOf { get; private init; } =
        HashTrie<ServiceKey, HashTrie<string, Endpoint>>.Empty;

    public HashTrie<NetworkAddress, ServiceKey[]> ByVip { get; private init; } = HashTrie<NetworkAddress, ServiceKey[]>.Empty;

    public HashTrie<string, ServiceKey[]> ByHost { get; private init; } =
        HashTrie<string, ServiceKey[]>.EmptyWith(StringComparer.OrdinalIgnoreCase);

    public CidrIndex ByCidr { get; private init; } = CidrIndex.Empty;

    public Builder ToBuilder() => new(this);

    public sealed class Builder(ServiceTable table)
    {
        private readonly HashTrie<ServiceKey, ServiceEntry>.Builder _byKey = table.ByKey.ToBuilder();
        private readonly HashTrie<ServiceKey, HashTrie<string, Endpoint>>.Builder _endpointsOf = table.EndpointsOf.ToBuilder();
        private readonly HashTrie<NetworkAddress, ServiceKey[]>.Builder _byVip = table.ByVip.ToBuilder();
        private readonly HashTrie<string, ServiceKey[]>.Builder _byHost = table.ByHost.ToBuilder();
        private readonly CidrIndex.Builder _byCidr = table.ByCidr.ToBuilder();
        private readonly Dictionary<ServiceKey, HashTrie<string, Endpoint>.Builder> _touched = [];

        public Service? Find(ServiceKey key) => _byKey.Find(key)?.Service;

        /// <summary>How many services got a new entry because endpoints of theirs changed.</summary>
        public int TouchedServices => _touched.Count;

        /// <summary>Adds, replaces or removes a service; its endpoints stay known.</summary>
        public void Replace(Service? before, Service? after)
        {
            var key = (before ?? after)!.Key;
            _byVip.Move(VipsOf(before), key, VipsOf(after), key);
            _byHost.Move(HostsOf(before), key, HostsOf(after), key);
            _byCidr.Move(RangesOf(before), RangesOf(after), key);
            if (after is null) _byKey.Remove(key);
            else _byKey.Set(key, new(after, _endpointsOf.Find(key) ?? NoEndpoints));
        }

        /// <summary>Moves a workload's memberships; each service is rebuilt once, by <see cref="ToTable"/>.</summary>
        public void Replace(Workload? before, Workload? after)
        {
            foreach (var membership in before?.Services ?? default)
                if (after?.MembershipIn(membership.Service) is null) Touch(membership.Service).Remove(before!.Uid);
            foreach (var membership in after?.Services ?? default)
                Touch(membership.Service).Set(after!.Uid, Endpoint.Of(after, membership));
        }

        public ServiceTable ToTable()
        {
            foreach (var (key, builder) in _touched) SetEndpoints(key, builder.ToTrie());
            return new()
            {
                ByKey = _byKey.ToTrie(),
                EndpointsOf = _endpointsOf.ToTrie(),
                ByVip = _byVip.ToTrie(),
                ByHost = _byHost.ToTrie(),
                ByCidr = _byCidr.ToIndex(),
            };
        }

        private void SetEndpoints(ServiceKey key, HashTrie<string, Endpoint> endpoints)
        {
            if (endpoints.Count == 0) _endpointsOf.Remove(key);
            else _endpointsOf.Set(key, endpoints);
            if (Find(key) is { } service) _byKey.Set(key, new(service, endpoints));
        }

        private HashTrie<string, Endpoint>.Builder Touch(ServiceKey key)
        {
            if (!_touched.TryGetValue(key, out var builder))
                _touched[key] = builder = (_endpointsOf.Find(key) ?? NoEndpoints).ToBuilder();
            return builder;
        }

        // A range of a single address is that address.
        private static NetworkAddress[] VipsOf(Service? service) => service is null
            ? []
            : [.. service.Vips.Concat(service.CidrVips.Where(static range => range.Prefix.IsHost)
                .Select(static range => new NetworkAddress(range.Network, range.Prefix.Address))).Distinct()];

        private static NetworkPrefix[] RangesOf(Service? service) =>
            service is null ? [] : [.. service.CidrVips.Where(static range => !range.Prefix.IsHost).Distinct()];

        private static string[] HostsOf(Service? service) => service is null ? [] : [service.Hostname];
    }
}
