using Ambient.Model.Workloads;

namespace Ambient.Model.Balancing;

/// <summary>Whom the endpoint is chosen for.</summary>
public enum EndpointUse
{
    /// <summary>The application behind the service.</summary>
    Application,

    /// <summary>The service is a waypoint; its application tunnel takes any port.</summary>
    Waypoint,

    /// <summary>The service is a gateway to another network, and reachable although it belongs to that network.</summary>
    Gateway,
}

/// <summary>The question a <see cref="CandidateSet"/> answers.</summary>
internal readonly record struct CandidateQuery(ClientPlace Client, ushort Port, EndpointUse Use)
{
    public bool Accepts(Service service, Endpoint endpoint)
    {
        if (service.LoadBalancing.HealthPolicy == HealthPolicy.OnlyHealthy && endpoint.Status != WorkloadStatus.Healthy) return false;
        return endpoint.Workload.Capacity > 0 && IsReachable(endpoint.Workload) && ServesPort(service, endpoint);
    }

    private bool IsReachable(Workload workload)
    {
        if (Use != EndpointUse.Gateway && workload.Network != Client.Network) return workload.NetworkGateway is not null;
        return workload.HasAddress || workload.Hostname.Length > 0;
    }

    private bool ServesPort(Service service, Endpoint endpoint)
    {
        var declared = service.Ports.TryGetTarget(Port, out var target);
        if (Use == EndpointUse.Waypoint) return declared || endpoint.Workload.ApplicationTunnel is not null;
        return declared && (target != 0 || endpoint.Ports.Contains(Port));
    }
}

/// <summary>The endpoints among which connections of one kind are spread, by capacity.</summary>
internal sealed class CandidateSet
{
    private readonly Endpoint[] _endpoints;
    private readonly long[]? _cumulative; // null if all capacities are equal

    private CandidateSet(CandidateQuery query, List<Endpoint> endpoints)
    {
        Query = query;
        _endpoints = [.. endpoints];
        if (_endpoints.Length == 0 || _endpoints.All(endpoint => endpoint.Workload.Capacity == _endpoints[0].Workload.Capacity)) return;

        _cumulative = new long[_endpoints.Length];
        var sum = 0L;
        for (var i = 0; i < _endpoints.Length; i++) _cumulative[i] = sum += _endpoints[i].Workload.Capacity;
    }

    public CandidateQuery Query { get; }

    public IReadOnlyList<Endpoint> Endpoints => _endpoints;

    /// <param name="excluded">Tells endpoints not to be used.</param>
    public static CandidateSet Collect(
        in CandidateQuery query, Service service, IEnumerable<Endpoint> endpoints, Func<Endpoint, bool>? excluded)
    {
        var best = 0;
        var candidates = new List<Endpoint>();
        foreach (var endpoint in endpoints)
        {
            if (!query.Accepts(service, endpoint) || excluded?.Invoke(endpoint) == true) continue;
            var rank = EndpointRank.Of(service.LoadBalancing, query.Client, endpoint.Workload);
            if (rank < best) continue;
            if (rank > best) candidates.Clear();
            best = rank;
            candidates.Add(endpoint);
        }
        return new(query, candidates);
    }

    public Endpoint? Pick(Random random)
    {
        if (_endpoints.Length == 0) return null;
        if (_cumulative is null) return _endpoints[random.Next(_endpoints.Length)];

        var ticket = random.NextInt64(_cumulative[^1]); // 0 … sum-1: belongs to the first entry whose running sum exceeds it
        var index = Array.BinarySearch(_cumulative, ticket + 1);
        return _endpoints[index >= 0 ? index : ~index];
    }
}
