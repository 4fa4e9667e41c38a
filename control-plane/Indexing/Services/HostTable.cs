using Ambient.Kubernetes.Resources;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>That an object defines a host. Of those with one key the best wins; of those with one host name one is canonical.</summary>
internal sealed class HostClaim(ServiceKey key, object owner)
{
    public ServiceKey Key => key;

    /// <summary>Whoever made the claim; not looked into here.</summary>
    public object Owner => owner;

    public ObjectName Source { get; init; }

    public bool IsEntry { get; init; }

    public DateTimeOffset Created { get; init; }

    public bool IsPublic { get; init; } = true;

    public bool Won { get; set; }

    public bool IsCanonical { get; set; }

    /// <summary>A Service before ServiceEntries, the oldest of these first.</summary>
    public static int Compare(HostClaim left, HostClaim right)
    {
        var order = left.IsEntry.CompareTo(right.IsEntry);
        if (order == 0) order = left.Created.CompareTo(right.Created);
        if (order == 0) order = string.CompareOrdinal(left.Source.Namespace, right.Source.Namespace);
        return order != 0 ? order : string.CompareOrdinal(left.Source.Name, right.Source.Name);
    }
}

/// <summary>Who defines which host name, and who is heard.</summary>
internal sealed class HostTable
{
    private readonly Dictionary<string, List<HostClaim>> _claims = [];

    public void Add(HostClaim claim)
    {
        if (!_claims.TryGetValue(claim.Key.Hostname, out var claims)) _claims[claim.Key.Hostname] = claims = [];
        claims.Add(claim);
    }

    public void Remove(HostClaim claim)
    {
        if (!_claims.TryGetValue(claim.Key.Hostname, out var claims) || !claims.Remove(claim)) return;
        if (claims.Count == 0) _claims.Remove(claim.Key.Hostname);
    }

    /// <summary>Decides anew who wins; returns the claims for which that made a difference.</summary>
    public IEnumerable<HostClaim> Decide(string hostname)
    {
        if (!_claims.TryGetValue(hostname, out var claims)) yield break;
        claims.Sort(HostClaim.Compare);
        var taken = new HashSet<string>();
        // The oldest that everybody may see. A Service is public and before all ServiceEntries.
        var canonical = claims.Find(static claim => claim.IsPublic);
        foreach (var claim in claims)
        {
            var (won, isCanonical) = (taken.Add(claim.Key.Namespace), ReferenceEquals(claim, canonical) || !claim.IsEntry);
            if (claim.Won == won && claim.IsCanonical == isCanonical) continue;
            (claim.Won, claim.IsCanonical) = (won, isCanonical);
            yield return claim;
        }
    }

    public HostClaim? Winner(ServiceKey key) =>
        _claims.TryGetValue(key.Hostname, out var claims) ? claims.Find(claim => claim.Won && claim.Key.Namespace == key.Namespace) : null;
}
