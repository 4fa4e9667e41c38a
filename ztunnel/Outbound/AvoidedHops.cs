using System.Net;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Outbound;

/// <summary>
/// Next hops that a moment ago did not answer, refused, or said that they are leaving. Others are chosen while there are any, so
/// that news of the mesh which comes late costs one connection a detour, not each of them. Of one pod on one worker; on its loop only.
/// </summary>
internal sealed class AvoidedHops(TimeProvider time)
{
    /// <summary>How long a hop is avoided. Then one connection tries it, and the others when that one has succeeded.</summary>
    public static readonly TimeSpan AvoidedFor = TimeSpan.FromSeconds(5);

    /// <summary>How long the one that tries is given.</summary>
    private static readonly TimeSpan Trial = TimeSpan.FromSeconds(2);

    private const int Most = 256; // more than that is no rollout: then every hop is as good as another
    private readonly Dictionary<(IPAddress, int Port), Failure> _failures = [];

    public bool IsEmpty => _failures.Count == 0;

    public void Add(IPEndPoint hop)
    {
        var now = time.GetTimestamp();
        if (_failures.Count >= Most) RemoveExpired(now);
        if (_failures.Count >= Most) return;
        var since = _failures.TryGetValue((hop.Address, hop.Port), out var known) ? known.Since : now;
        _failures[(hop.Address, hop.Port)] = new(since, now + Ticks(AvoidedFor));
    }

    /// <summary>It was reached after all.</summary>
    public void Remove(IPEndPoint hop)
    {
        if (!IsEmpty) _failures.Remove((hop.Address, hop.Port));
    }

    /// <summary>True if it failed for the first time since it was last reached, or shortly after that: news of it may be under way.</summary>
    public bool IsFresh(IPEndPoint hop) =>
        _failures.TryGetValue((hop.Address, hop.Port), out var failure) && time.GetTimestamp() - failure.Since < Ticks(AvoidedFor);

    /// <summary>True if the workload's proxy, or its application on that port, is to be avoided.</summary>
    public bool Contains(Workload workload, int port)
    {
        if (IsEmpty) return false;
        var now = time.GetTimestamp();
        foreach (var address in workload.Addresses)
            if (IsAvoided((address, OutboundRouter.HbonePort), now) || IsAvoided((address, port), now)) return true;
        return false;
    }

    /// <summary>As <see cref="Contains"/>, for a caller that connects there if the answer is no: when the time is over, only one hears no.</summary>
    public bool ContainsForNext(Workload workload, int port)
    {
        if (Contains(workload, port)) return true;
        foreach (var address in workload.Addresses)
        {
            BeginTrial((address, OutboundRouter.HbonePort));
            BeginTrial((address, port));
        }
        return false;
    }

    private bool IsAvoided((IPAddress, int) hop, long now) => _failures.TryGetValue(hop, out var failure) && now < failure.Until;

    private void BeginTrial((IPAddress, int) hop)
    {
        if (_failures.TryGetValue(hop, out var failure)) _failures[hop] = failure with { Until = time.GetTimestamp() + Ticks(Trial) };
    }

    private void RemoveExpired(long now)
    {
        foreach (var (hop, failure) in _failures)
            if (now >= failure.Until) _failures.Remove(hop); // a dictionary lets entries be removed under way
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <param name="Since">The first failure since the hop was last reached.</param>
    private readonly record struct Failure(long Since, long Until);
}
