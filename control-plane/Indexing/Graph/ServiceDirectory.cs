using Ambient.Model;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>The services of the mesh by host name, and which of them changed.</summary>
internal sealed class ServiceDirectory
{
    private static readonly SortedDictionary<ServiceKey, ServiceNode> None = new(ByNamespace);

    private readonly Dictionary<string, SortedDictionary<ServiceKey, ServiceNode>> _byHost = [];

    private static IComparer<ServiceKey> ByNamespace { get; } = Comparer<ServiceKey>.Create(static (left, right) =>
        string.CompareOrdinal(left.Hostname, right.Hostname) is not 0 and var order ? order : string.CompareOrdinal(left.Namespace, right.Namespace));

    /// <summary>What was set since whoever reads it last cleared it, whether or not it is there still.</summary>
    public HashSet<ServiceKey> Changed { get; } = [];

    /// <param name="owner">Null once there is no such service.</param>
    public void Set(ServiceKey key, ServiceNode? owner)
    {
        Changed.Add(key);
        if (owner is not null)
        {
            if (!_byHost.TryGetValue(key.Hostname, out var services)) _byHost[key.Hostname] = services = new(ByNamespace);
            services[key] = owner;
        }
        else if (_byHost.TryGetValue(key.Hostname, out var services) && services.Remove(key) && services.Count == 0) _byHost.Remove(key.Hostname);
    }

    public ServiceNode? Find(ServiceKey key) => Named(key.Hostname).GetValueOrDefault(key);

    /// <summary>Services of that host name: usually one, but ServiceEntries of several namespaces may have it. In order.</summary>
    public IReadOnlyDictionary<ServiceKey, ServiceNode> Named(string hostname) => _byHost.GetValueOrDefault(hostname, None);

    /// <param name="pattern">Lower case; a host name, or a wildcard, for which all are looked at.</param>
    public IEnumerable<KeyValuePair<ServiceKey, ServiceNode>> Matching(string pattern) => !HostPattern.IsWildcard(pattern) ? Named(pattern)
        : _byHost.Where(host => HostPattern.Covers(pattern, host.Key)).SelectMany(static host => host.Value);

    /// <summary>The service that an object of a namespace means by a host name: its own, else the first.</summary>
    public KeyValuePair<ServiceKey, ServiceNode>? Meant(string hostname, string ns)
    {
        var named = Named(hostname);
        if (named.Count == 0) return null;
        var own = new ServiceKey(ns, hostname);
        return named.TryGetValue(own, out var node) ? new(own, node) : named.First();
    }
}
