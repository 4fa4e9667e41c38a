using Ambient.HttpProxy.Resilience;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>The servers behind a service, any of which will do. Immutable but for its counters; any thread.</summary>
public sealed class UpstreamCluster(string name, IReadOnlyList<UpstreamEndpoint> endpoints)
{
    private const int Picks = 5; // until one is found that was not tried; then any will do

    public string Name { get; } = name;

    public IReadOnlyList<UpstreamEndpoint> Endpoints { get; } = endpoints;

    /// <summary>With some of the servers HTTP/2 may be spoken.</summary>
    internal bool MaySpeakHttp2 { get; } = endpoints.Any(endpoint => endpoint.Protocol != UpstreamProtocol.Http1);

    public RetryBudget Retries { get; init; } = new();

    /// <summary>The less busy of two picked at random (power of two choices); one that was tried already only if no other is found.</summary>
    /// <returns>Null if there is no server.</returns>
    public UpstreamEndpoint? Pick(Random random, IReadOnlyCollection<UpstreamEndpoint> tried)
    {
        UpstreamEndpoint? picked = null;
        for (var pick = 0; pick < Picks && Endpoints.Count > 0; pick++)
        {
            picked = PickOfTwo(random);
            if (tried.Count == 0 || !tried.Contains(picked)) break;
        }

        return picked;
    }

    private UpstreamEndpoint PickOfTwo(Random random)
    {
        var first = Endpoints[random.Next(Endpoints.Count)];
        if (Endpoints.Count == 1) return first;
        var second = Endpoints[random.Next(Endpoints.Count)];
        return second.Active < first.Active ? second : first;
    }
}
