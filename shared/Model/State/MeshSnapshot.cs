using Ambient.Model.Addresses;
using Ambient.Model.Balancing;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>What an address stands for: a workload, a service, or nothing that is known (both null). Never both.</summary>
public readonly record struct Destination(Workload? Workload, ServiceEntry? Service)
{
    public bool IsKnown => Workload is not null || Service is not null;
}

/// <summary>The mesh at one moment. Never changes; all look-ups are safe on all threads and take no lock.</summary>
/// <remarks>Take one per decision: asking two snapshots is asking two worlds.</remarks>
public sealed class MeshSnapshot
{
    private readonly WorkloadTable _workloads;
    private readonly ServiceTable _services;
    private readonly PolicyTable _policies;

    internal MeshSnapshot(WorkloadTable workloads, ServiceTable services, PolicyTable policies)
    {
        _workloads = workloads;
        _services = services;
        _policies = policies;
    }

    public static readonly MeshSnapshot Empty = new(WorkloadTable.Empty, ServiceTable.Empty, PolicyTable.Empty);

    /// <summary>Grows with every change.</summary>
    public long Version { get; init; }

    /// <summary>Grows when a policy changed, or which policies apply to a local workload.</summary>
    public long PolicyVersion { get; init; }

    internal WorkloadTable WorkloadTable => _workloads;

    internal ServiceTable ServiceTable => _services;

    internal PolicyTable PolicyTable => _policies;

    public int WorkloadCount => _workloads.All.Count;

    public int ServiceCount => _services.All.Count;

    public int PolicyCount => _policies.ByName.Count;

    /// <summary>In no particular order.</summary>
    public IEnumerable<Workload> Workloads => _workloads.All.Items;

    /// <summary>In no particular order.</summary>
    public IEnumerable<ServiceEntry> Services => _services.All.Items;

    /// <summary>In no particular order.</summary>
    public IEnumerable<NamedPolicy> Policies => _policies.ByName.Entries.Select(static entry => new NamedPolicy(entry.Key, entry.Value));

    /// <summary>Endpoints of services that workloads name and nobody has described yet.</summary>
    public IEnumerable<(ServiceKey Service, IReadOnlyCollection<Endpoint> Endpoints)> StagedEndpoints =>
        _services.Staged.Entries.Select(static entry =>
            (entry.Key, (IReadOnlyCollection<Endpoint>)[.. entry.Value.Items.Select(workload => Endpoint.Of(workload, entry.Key))]));

    public Workload? FindWorkload(string uid) => _workloads.FindByUid(uid);

    /// <summary>Of several that claim the address: a pod first, then one that speaks HBONE, then the latest to claim it.</summary>
    public Workload? FindWorkload(NetworkAddress address) => _workloads.FindByAddress(address);

    /// <summary>By its own host name, which is not a service's; of several, the latest.</summary>
    public Workload? FindWorkload(ServiceKey host) => _workloads.ByHost.Find(host)?[^1];

    /// <summary>A workload of the local node as the node's agent names it; of several, the latest.</summary>
    public Workload? FindLocalWorkload(LocalName name) => _workloads.Local.Find(name)?[^1];

    /// <summary>Identities of the local node's workloads that need a certificate.</summary>
    public IEnumerable<SpiffeId> LocalIdentities => _workloads.LocalIdentities.Entries.Select(static entry => entry.Key);

    public ServiceEntry? FindService(ServiceKey key) => _services.Find(key);

    /// <summary>
    /// The service a virtual IP stands for: an exact address before a range; then the client's own namespace, then (ranges) the
    /// narrowest, then the canonical one, then the preferred namespace, then the oldest.
    /// </summary>
    /// <param name="clientNamespace">Hides services that are not visible there; null sees all.</param>
    /// <param name="preferredNamespace">Breaks ties for DNS; null has none.</param>
    public ServiceEntry? FindService(NetworkAddress vip, string? clientNamespace, string? preferredNamespace = null)
    {
        var rank = new ServiceRank(clientNamespace, preferredNamespace);
        foreach (var service in _services.ByVip.Find(vip.GetHashCode()))
            if (ServiceTable.IsVip(service, vip)) rank.Consider(service);
        return rank.Best is { } best ? _services.Find(best.Key) : ServiceRank.BestRange(RangesWith(vip), clientNamespace);
    }

    /// <summary>As above, by exact host name (case does not matter; <c>*.example.com</c> finds the wildcard service itself).</summary>
    public ServiceEntry? FindService(string hostname, string? clientNamespace, string? preferredNamespace = null)
    {
        var rank = new ServiceRank(clientNamespace, preferredNamespace);
        foreach (var entry in _services.All.Find(ServiceTable.HashOfHost(hostname)))
            if (ServiceTable.IsHost(entry.Service, hostname)) rank.Consider(entry.Service);
        return rank.Best is { } best ? _services.Find(best.Key) : null;
    }

    /// <summary>All services of that exact host name, whoever may see them; the oldest first.</summary>
    public IEnumerable<ServiceEntry> ServicesWithHost(string hostname)
    {
        foreach (var entry in _services.All.Find(ServiceTable.HashOfHost(hostname)))
            if (ServiceTable.IsHost(entry.Service, hostname)) yield return entry;
    }

    /// <summary>What an address means to a client that dialled it: workloads first, then services.</summary>
    public Destination Find(NetworkAddress address, string? clientNamespace) =>
        FindWorkload(address) is { } workload ? new(workload, null) : new(null, FindService(address, clientNamespace));

    /// <summary>As above, with services before workloads.</summary>
    public Destination FindServiceFirst(NetworkAddress address, string? clientNamespace) =>
        FindService(address, clientNamespace) is { } service ? new(null, service) : new(FindWorkload(address), null);

    /// <summary>What a <c>namespace/hostname</c> reference means: the service of exactly that namespace, then a workload.</summary>
    public Destination Find(ServiceKey host) =>
        FindService(host) is { } service ? new(null, service) : new(FindWorkload(host), null);

    /// <summary>The policies that apply to a workload, and those that should and are not known.</summary>
    public PolicySet PoliciesFor(Workload workload) => _policies.For(workload);

    private IEnumerable<(ServiceEntry, int)> RangesWith(NetworkAddress vip)
    {
        foreach (var (key, length) in _services.ByCidr.Find(vip)) yield return (_services.Find(key)!, length);
    }
}
