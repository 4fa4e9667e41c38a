using Ambient.Model.Balancing;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>Which of several services a client means that claim one name or address.</summary>
internal struct ServiceRank(string? clientNamespace, string? preferredNamespace)
{
    private Service? _own, _canonical, _preferred, _first;

    /// <summary>The first of the client's namespace, else the last canonical one, else the first of the preferred namespace, else the first.</summary>
    public readonly Service? Best => _own ?? _canonical ?? _preferred ?? _first;

    /// <summary>The oldest comes first.</summary>
    public void Consider(Service service)
    {
        if (!service.IsVisibleTo(clientNamespace)) return;
        if (service.Namespace == clientNamespace) _own ??= service;
        if (service.Canonical) _canonical = service;
        if (service.Namespace == preferredNamespace) _preferred ??= service;
        _first ??= service;
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
