using Ambient.Model.Balancing;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>Which of several services a client means that claim one name or address.</summary>
internal static class ServiceRank
{
    /// <param name="candidates">The oldest first; null if there are none.</param>
    public static ServiceEntry? Best(ServiceTable table, ServiceKey[]? candidates, string? clientNamespace, string? preferredNamespace)
    {
        ServiceEntry? first = null, canonical = null, preferred = null;
        foreach (var key in candidates ?? [])
        {
            var candidate = table.ByKey.Find(key)!;
            var service = candidate.Service;
            if (!service.IsVisibleTo(clientNamespace)) continue;
            if (service.Namespace == clientNamespace) return candidate;
            if (service.Canonical) canonical = candidate; // the last one counts
            if (service.Namespace == preferredNamespace) preferred ??= candidate;
            first ??= candidate;
        }
        return canonical ?? preferred ?? first;
    }

    /// <summary>Highest (own namespace, prefix length, canonical); the first of equals.</summary>
    public static ServiceEntry? BestRange(IEnumerable<(ServiceEntry Entry, int Length)> candidates, string? clientNamespace)
    {
        ServiceEntry? best = null;
        (bool, int, bool) bestRank = default;
        foreach (var (entry, length) in candidates)
        {
            if (!entry.Service.IsVisibleTo(clientNamespace)) continue;
            var rank = (entry.Service.Namespace == clientNamespace, length, entry.Service.Canonical);
            if (best is not null && rank.CompareTo(bestRank) <= 0) continue;
            (best, bestRank) = (entry, rank);
        }
        return best;
    }
}
