using Ambient.Model.Identities;
using Ambient.Model.Workloads;

namespace Ambient.Model.Balancing;

/// <summary>A service together with its endpoints. Immutable; safe on all threads.</summary>
public sealed class ServiceEntry
{
    private const int RememberedQueries = 4; // a node's pods are in one place, so they ask for one port or two

    private CandidateSet[] _remembered = [];

    internal ServiceEntry(Service service, ServiceMembers workloads)
    {
        Service = service;
        Workloads = workloads;
        Identities = [.. service.SubjectAltNames.Select(static name => SpiffeId.TryParse(name, out var id) ? id : null).OfType<SpiffeId>()];
    }

    public Service Service { get; }

    internal ServiceMembers Workloads { get; }

    /// <summary>The service's subject alternative names, as far as they are SPIFFE ids: who else may answer for it.</summary>
    public EquatableArray<SpiffeId> Identities { get; }

    /// <summary>All members, also those that its health policy keeps from being used.</summary>
    public IEnumerable<Endpoint> Members => Workloads.Items.Select(workload => Endpoint.Of(workload, Service.Key));

    /// <summary>The members that its health policy lets be used.</summary>
    public IEnumerable<Endpoint> Endpoints => Service.LoadBalancing.HealthPolicy == HealthPolicy.AllowAll
        ? Members
        : Members.Where(static endpoint => endpoint.Status == WorkloadStatus.Healthy);

    /// <summary>The workload as a usable endpoint of this service, or null.</summary>
    public Endpoint? FindEndpoint(string workloadUid)
    {
        if (Workloads.Find(workloadUid) is not { } workload) return null;
        var endpoint = Endpoint.Of(workload, Service.Key);
        return endpoint.Status == WorkloadStatus.Healthy || Service.LoadBalancing.HealthPolicy == HealthPolicy.AllowAll ? endpoint : null;
    }

    /// <summary>
    /// Chooses an endpoint: usable, of the nearest place the service's preferences ask for, then at random by capacity.
    /// Null if there is none.
    /// </summary>
    /// <param name="port">Service port.</param>
    /// <param name="excluded">Tells the endpoints that are not to be chosen, before places are compared; asking it about all of them costs more.</param>
    public Endpoint? Pick(in ClientPlace client, ushort port, EndpointUse use, Random random, Func<Endpoint, bool>? excluded = null)
    {
        var query = new CandidateQuery(client, port, use);
        var candidates = excluded is null ? Remember(query) : CandidateSet.Collect(query, Service, Members, excluded);
        return candidates.Pick(random);
    }

    /// <summary>The endpoints among which <see cref="Pick"/> would choose for an application. Looks at all of them.</summary>
    public IReadOnlyList<Endpoint> Candidates(in ClientPlace client, ushort port) =>
        CandidateSet.Collect(new(client, port, EndpointUse.Application), Service, Members, null).Endpoints;

    /// <summary>The same wherever they are, unless the service insists on a place.</summary>
    public IReadOnlyList<Endpoint> CandidatesAnywhere(in ClientPlace client, ushort port) => Service.LoadBalancing.Mode == LoadBalancingMode.Strict
        ? Candidates(client, port)
        : CandidateSet.Collect(new(client, port, EndpointUse.Application), Service with { LoadBalancing = Service.LoadBalancing with { Mode = LoadBalancingMode.Standard } }, Members, null).Endpoints;

    /// <summary>True if an endpoint could serve the port if only a gateway led to its network.</summary>
    public bool LacksGateway(in ClientPlace client, ushort port)
    {
        var (network, asGateway) = (client.Network, new CandidateQuery(client, port, EndpointUse.Gateway));
        return Members.Any(endpoint =>
            endpoint.Workload.Network != network && endpoint.Workload.NetworkGateway is null && asGateway.Accepts(Service, endpoint));
    }

    // Scanning 10,000 endpoints for each connection would cost more than the rest of its set-up. Losing a race loses a cached set.
    private CandidateSet Remember(in CandidateQuery query)
    {
        var remembered = Volatile.Read(ref _remembered);
        foreach (var known in remembered)
            if (known.Query == query) return known;

        var found = CandidateSet.Collect(query, Service, Members, null);
        Volatile.Write(ref _remembered, [found, .. remembered.Take(RememberedQueries - 1)]);
        return found;
    }
}
