using System.Net;
using Ambient.HttpProxy.Resilience;
using Ambient.Model.Traffic;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>The servers behind a service, any of which will do. Immutable but for its counters; any thread.</summary>
/// <remarks>By default the cheapest of three picked at random: by requests under way, and how fast and reliably it has answered lately.</remarks>
public sealed class UpstreamCluster
{
    private const int Picks = 5; // before all are looked at
    private const double LeastWarmth = 0.1;

    private readonly ClusterState _state;
    private readonly ServerPlaces? _places;

    /// <param name="state">Goes on from one set of servers to the next; null: the defaults.</param>
    /// <param name="places">Of these servers; null: they are all alike.</param>
    public UpstreamCluster(string name, IReadOnlyList<UpstreamEndpoint> endpoints, ClusterState? state = null, ServerPlaces? places = null)
    {
        (Name, Endpoints, _places) = (name, endpoints, places);
        _state = state ?? new(TrafficPolicy.Default, TimeProvider.System);
        MaySpeakHttp2 = endpoints.Any(static endpoint => endpoint.Protocol != UpstreamProtocol.Http1);
    }

    public string Name { get; }

    public IReadOnlyList<UpstreamEndpoint> Endpoints { get; }

    /// <summary>Where its successors come from; null if there will be none.</summary>
    public IUpstreamNews? News { get; init; }

    /// <summary>The server at an address that was dialled, where no other is chosen; null where one is.</summary>
    public Func<IPEndPoint, UpstreamCluster>? At { get; init; }

    /// <summary>When it was seen to have lost its last server, by its clock; 0: it never had one, or still has.</summary>
    public long EmptySince { get; init; }

    public RetryBudget Retries => _state.Retries;

    public RequestGate Gate => _state.Gate;

    /// <summary>What requests have in common that are to go to the same server; null if nothing is asked for.</summary>
    public HashKey? HashKey => _state.Policy.Balancing == BalancingKind.ConsistentHash ? _state.Policy.HashKey : null;

    /// <summary>Why its policy keeps it from being used; empty if nothing does.</summary>
    internal string Unusable => _state.Policy.Unusable;

    /// <summary>With some of the servers HTTP/2 may be spoken.</summary>
    internal bool MaySpeakHttp2 { get; }

    /// <summary>
    /// By the policy's way of balancing, without those that are ejected; one that was tried already, or that could not be connected to lately, only if no
    /// other is found.
    /// </summary>
    /// <param name="hash">Requests with the same go to the same server, where the policy asks for it; 0 belongs to nobody.</param>
    /// <returns>Null if there is no server.</returns>
    public UpstreamEndpoint? Pick(Random random, IReadOnlyCollection<UpstreamEndpoint> tried, ulong hash = 0)
    {
        if (Endpoints.Count == 0) return null;
        _state.Outliers?.Sweep(Endpoints);
        var among = _places is null ? Endpoints : _places.Choose(hash == 0 ? random.NextDouble() : HashKeys.FractionOf(hash), CountsEjections);
        for (var pick = 0; pick < Picks; pick++)
            if (PickOne(random, hash, among) is { } picked && !IsPassedOver(picked) && (tried.Count == 0 || !tried.Contains(picked)) && IsWarm(picked, random)) return Chosen(picked);
        return PickFromAll(random, tried, among) is { } last ? Chosen(last) : null;
    }

    /// <summary>As it is for whoever dialled this: see <see cref="At"/>.</summary>
    /// <param name="dialled">Null if it was no address.</param>
    public UpstreamCluster For(IPAddress? dialled, ushort port) => At is not null && dialled is not null ? At(new(dialled, port)) : this;

    /// <summary>Whether <paramref name="endpoint"/> could be connected to.</summary>
    public void NoteReach(UpstreamEndpoint endpoint, bool wasReached) => endpoint.Reach.Note(wasReached, _state.Time);

    /// <summary>The servers as they are now, if the policy for them is still the same.</summary>
    public UpstreamCluster Latest => News?.Current is { } now && now.HasPolicyOf(this) ? now : this;

    /// <summary>
    /// The servers that were known are gone, or the last that was tried could not be connected to, only since shortly before <paramref name="when"/>, by
    /// the cluster's clock: others may be about to be known. A service that has been without for longer has none, and nothing is to be waited for.
    /// </summary>
    public bool ExpectsNews(IReadOnlyList<UpstreamEndpoint> tried, long when) => News is not null
        && (Endpoints.Count == 0 ? EmptySince != 0 && _state.Time.GetElapsedTime(EmptySince, when) < EndpointReach.AvoidedFor
            : tried.Count > 0 && tried[^1].Reach.FailsOnlySince(when, _state.Time));

    /// <summary>What is counted for one of them is counted for the other.</summary>
    internal bool HasPolicyOf(UpstreamCluster other) => ReferenceEquals(_state, other._state);

    /// <param name="status">Of the answer; 0 if there was none.</param>
    /// <param name="began">When the attempt began, by the cluster's clock.</param>
    internal void Report(UpstreamEndpoint endpoint, int status, long began)
    {
        var (time, now) = (_state.Time, _state.Time.GetTimestamp());
        endpoint.Pace.Note((double)(now - began) / time.TimestampFrequency, status is 0 or >= 500, now, time.TimestampFrequency);
        _state.Outliers?.Report(endpoint, Endpoints, status);
    }

    private UpstreamEndpoint? PickOne(Random random, ulong hash, IReadOnlyList<UpstreamEndpoint> among) => _state.Policy.Balancing switch
    {
        BalancingKind.RoundRobin => among[_state.NextTurn() % among.Count],
        BalancingKind.Random or BalancingKind.Passthrough => among[random.Next(among.Count)],
        BalancingKind.ConsistentHash when hash != 0 => PickByHash(hash, among),
        _ => PickOfThree(random, among),
    };

    // Three, because of two the better one is often bad as well: of three servers, two of which are slow or fail, in every third pick.
    private UpstreamEndpoint PickOfThree(Random random, IReadOnlyList<UpstreamEndpoint> among)
    {
        var one = random.Next(among.Count);
        if (among.Count == 1) return among[one];
        var now = _state.Time.GetTimestamp();
        var other = (one + 1 + random.Next(among.Count - 1)) % among.Count; // never the same: a bad server would get its share of those
        var best = Cheaper(among[one], among[other], now);
        if (among.Count == 2) return best;
        var third = random.Next(among.Count - 2);
        if (third >= Math.Min(one, other)) third++;
        if (third >= Math.Max(one, other)) third++;
        return Cheaper(best, among[third], now);
    }

    private UpstreamEndpoint Cheaper(UpstreamEndpoint first, UpstreamEndpoint second, long now)
    {
        if (IsPassedOver(first) || IsPassedOver(second)) return IsPassedOver(first) ? second : first;
        return CostOf(second, now) < CostOf(first, now) ? second : first;
    }

    private double CostOf(UpstreamEndpoint endpoint, long now) => endpoint.Pace.Cost(endpoint.Active, now, _state.Time.TimestampFrequency);

    // Rendezvous hashing: when a server comes or goes, only its own share moves.
    private UpstreamEndpoint? PickByHash(ulong hash, IReadOnlyList<UpstreamEndpoint> among)
    {
        var (best, highest) = ((UpstreamEndpoint?)null, 0UL);
        foreach (var endpoint in among)
        {
            var score = HashKeys.Mix(hash ^ endpoint.HashSeed);
            if (IsPassedOver(endpoint) || (best is not null && score <= highest)) continue;
            (best, highest) = (endpoint, score);
        }

        return best;
    }

    // The dice fell on those that will not do: then any of the others, all of which are looked at.
    private UpstreamEndpoint? PickFromAll(Random random, IReadOnlyCollection<UpstreamEndpoint> tried, IReadOnlyList<UpstreamEndpoint> among)
    {
        var fresh = Fresh(tried, among, IsPassedOver);
        if (fresh.Count == 0) fresh = Fresh(tried, among, IsLeftAlone);
        if (fresh.Count == 0) fresh = [.. Endpoints.Where(endpoint => !IsLeftAlone(endpoint))];
        if (fresh.Count < 2 || _state.Policy.Balancing != BalancingKind.LeastRequest) return fresh.Count == 0 ? null : fresh[random.Next(fresh.Count)];
        var now = _state.Time.GetTimestamp();
        return fresh.MinBy(endpoint => CostOf(endpoint, now));
    }

    /// <summary>Those that were not tried, of the nearest place that has any.</summary>
    private List<UpstreamEndpoint> Fresh(IReadOnlyCollection<UpstreamEndpoint> tried, IReadOnlyList<UpstreamEndpoint> among, Func<UpstreamEndpoint, bool> isOut)
    {
        List<UpstreamEndpoint> fresh = [];
        foreach (var place in _places is null ? [among] : _places.InOrder.Prepend(among))
            if ((fresh = [.. place.Where(endpoint => !isOut(endpoint) && !tried.Contains(endpoint))]).Count > 0) break;
        return fresh;
    }

    private UpstreamEndpoint Chosen(UpstreamEndpoint endpoint)
    {
        endpoint.Reach.Chosen(_state.Time);
        return endpoint;
    }

    private bool IsPassedOver(UpstreamEndpoint endpoint) => IsLeftAlone(endpoint) || endpoint.Reach.IsAvoided(_state.Time);

    private bool CountsEjections => _state.Outliers is { IsInPanic: false };

    private bool IsLeftAlone(UpstreamEndpoint endpoint) => CountsEjections && endpoint.Health.IsEjected;

    private bool IsWarm(UpstreamEndpoint endpoint, Random random)
    {
        var warmup = _state.Policy.Warmup;
        if (warmup <= TimeSpan.Zero || _state.Policy.Balancing is not (BalancingKind.LeastRequest or BalancingKind.RoundRobin)) return true;
        var age = _state.Time.GetElapsedTime(endpoint.Since);
        return age >= warmup || random.NextDouble() < Math.Max(LeastWarmth, age / warmup);
    }
}
