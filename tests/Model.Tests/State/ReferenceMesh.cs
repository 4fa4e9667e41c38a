using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Model.Tests.State;

/// <summary>The mesh as one would write it first: lists, and every question answered by looking at everything.</summary>
internal sealed class ReferenceMesh
{
    private readonly Dictionary<string, Workload> _workloads = [];
    private readonly Dictionary<ServiceKey, Service> _services = [];
    private readonly Dictionary<string, AuthorizationPolicy> _policies = [];
    private readonly List<(NetworkAddress Address, string Uid)> _addressClaims = [];
    private readonly List<(string Name, ServiceKey Service)> _nameClaims = []; // virtual IPs and host names

    public void Apply(ResourceDelta delta)
    {
        foreach (var service in delta.Services) Set(service);
        foreach (var workload in delta.Workloads) Set(workload);
        foreach (var policy in delta.Policies) _policies[policy.ResourceName] = policy.Policy;
        foreach (var name in delta.RemovedAddresses) Remove(name);
        foreach (var name in delta.RemovedPolicies) _policies.Remove(name);
    }

    public Workload? Find(string uid) => _workloads.GetValueOrDefault(uid);

    public Service? Find(ServiceKey key) => _services.GetValueOrDefault(key);

    public Workload? Find(NetworkAddress address) => _addressClaims.Where(claim => claim.Address == address)
        .Select(claim => _workloads[claim.Uid]).Reverse()
        .MaxBy(workload => (workload.Uid.Contains("//Pod/"), workload.Protocol == TunnelProtocol.Hbone));

    public Service? FindNamed(string name, string? client)
    {
        var visible = _nameClaims.Where(claim => claim.Name == name).Select(claim => _services[claim.Service])
            .Where(service => service.Visibility == Visibility.Public || client is null || service.Namespace == client).ToList();
        return visible.Find(service => service.Namespace == client) ?? visible.FindLast(service => service.Canonical) ?? visible.FirstOrDefault();
    }

    public IEnumerable<string> EndpointsOf(ServiceKey key) => _workloads.Values
        .Where(workload => workload.MembershipIn(key) is not null)
        .Where(workload => workload.Status == WorkloadStatus.Healthy || _services[key].LoadBalancing.HealthPolicy == HealthPolicy.AllowAll)
        .Select(workload => workload.Uid).Order();

    public IEnumerable<string> PoliciesFor(Workload workload) => _policies
        .Where(entry => workload.AuthorizationPolicies.Contains(entry.Key)
            || entry.Value.Scope == PolicyScope.Global
            || (entry.Value.Scope == PolicyScope.Namespace && entry.Value.Namespace == workload.Namespace))
        .Select(entry => $"{entry.Key} {entry.Value.Action}").Order();

    public IEnumerable<string> MissingFor(Workload workload) => workload.AuthorizationPolicies.Where(name => !_policies.ContainsKey(name));

    private void Set(Workload workload)
    {
        _workloads[workload.Uid] = workload;
        var claims = workload.NetworkMode == NetworkMode.HostNetwork ? [] : workload.Addresses.Select(ip => (new NetworkAddress(workload.Network, ip), workload.Uid)).ToList();
        _addressClaims.RemoveAll(claim => claim.Uid == workload.Uid && !claims.Contains(claim));
        _addressClaims.AddRange(claims.Except(_addressClaims));
    }

    private void Set(Service service)
    {
        _services[service.Key] = service;
        var claims = service.Vips.Select(vip => (vip.ToString(), service.Key)).Append((service.Hostname, service.Key)).ToList();
        _nameClaims.RemoveAll(claim => claim.Service == service.Key && !claims.Contains(claim));
        _nameClaims.AddRange(claims.Except(_nameClaims));
    }

    private void Remove(string name)
    {
        if (_workloads.Remove(name)) _addressClaims.RemoveAll(claim => claim.Uid == name);
        else if (ServiceKey.TryParse(name, out var key) && _services.Remove(key)) _nameClaims.RemoveAll(claim => claim.Service == key);
    }
}
