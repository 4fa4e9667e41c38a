using System.Net;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.TestKit.Mesh;

/// <summary>Tells a mesh in its own words. Whatever a test does not mention is what an ordinary Kubernetes pod has.</summary>
/// <remarks>Names are short; a name of another namespace is written <c>namespace/name</c>.</remarks>
public sealed class MeshBuilder
{
    public const string DefaultNamespace = "default";

    private readonly List<Workload> _workloads = [];
    private readonly List<Service> _services = [];
    private readonly List<NamedPolicy> _policies = [];

    /// <param name="addresses">Blank-separated; none for a workload that is only a name.</param>
    /// <param name="services">Blank-separated names of the services it is an endpoint of.</param>
    public MeshBuilder Workload(string name, string addresses = "", string services = "",
        TunnelProtocol protocol = TunnelProtocol.Hbone, string network = "", Func<Workload, Workload>? with = null)
    {
        var (ns, shortName) = Split(name);
        var workload = new Workload
        {
            Uid = Uid(name),
            Name = shortName,
            Namespace = ns,
            Addresses = Words(addresses).Select(IPAddress.Parse).ToEquatableArray(),
            Network = network,
            Protocol = protocol,
            TrustDomain = "cluster.local",
            ServiceAccount = shortName,
            ClusterId = "Kubernetes",
            WorkloadName = shortName,
            CanonicalName = shortName,
            Services = Words(services).Select(service => new ServiceMembership(Key(service), default)).ToEquatableArray(),
        };
        _workloads.Add(with?.Invoke(workload) ?? workload);
        return this;
    }

    /// <param name="vips">Blank-separated, each <c>ip</c> or <c>network/ip</c>.</param>
    /// <param name="ports">Blank-separated, each <c>port</c> or <c>port:target</c>; target 0 is a named port.</param>
    /// <param name="waypoint">Name of the service that is its waypoint.</param>
    public MeshBuilder Service(string name, string vips = "", string ports = "80:8080", string? waypoint = null,
        Func<Service, Service>? with = null)
    {
        var key = Key(name);
        var service = new Service
        {
            Name = Split(name).Name,
            Namespace = key.Namespace,
            Hostname = key.Hostname,
            Vips = Words(vips).Select(Address).ToEquatableArray(),
            Ports = Ports(ports),
            Waypoint = waypoint is null ? null : Gateway(waypoint),
        };
        _services.Add(with?.Invoke(service) ?? service);
        return this;
    }

    /// <summary>A policy under its own name; without rules it matches nothing.</summary>
    public MeshBuilder Policy(string name, PolicyAction action, PolicyScope scope = PolicyScope.Namespace,
        PolicyMatch? match = null, bool dryRun = false)
    {
        var (ns, shortName) = Split(name);
        _policies.Add(new($"{ns}/{shortName}", new()
        {
            Name = shortName,
            Namespace = ns,
            Scope = scope,
            Action = action,
            DryRun = dryRun,
            Rules = match is null ? [] : [new PolicyRule([new PolicyClause([match])])],
        }));
        return this;
    }

    public ResourceDelta Delta => new() { Workloads = [.. _workloads], Services = [.. _services], Policies = [.. _policies] };

    public MeshSnapshot Build() => BuildState().Current;

    public MeshState BuildState(string? localNode = null)
    {
        var state = new MeshState(localNode);
        state.Apply(Delta);
        return state;
    }

    public static string Uid(string name) => $"Kubernetes//Pod/{Split(name).Namespace}/{Split(name).Name}";

    public static ServiceKey Key(string name) =>
        new(Split(name).Namespace, $"{Split(name).Name}.{Split(name).Namespace}.svc.cluster.local");

    /// <summary>A reference to a service by host name, on port 15008.</summary>
    public static GatewayAddress Gateway(string service) => new(Key(service), 15008);

    /// <summary>A reference by <c>ip</c> or <c>network/ip</c>, on port 15008.</summary>
    public static GatewayAddress GatewayAt(string address, ushort port = 15008) => new(Address(address), port);

    public static NetworkAddress Address(string text) =>
        NetworkAddress.TryParse(text.Contains('/') ? text : $"/{text}", out var address) ? address : throw new FormatException(text);

    public static PortMap Ports(string text) => new(Words(text).Select(static word =>
    {
        var parts = word.Split(':');
        return new PortMapping(ushort.Parse(parts[0]), ushort.Parse(parts[^1]));
    }).ToArray());

    private static (string Namespace, string Name) Split(string name) =>
        name.Split('/') is [var ns, var shortName] ? (ns, shortName) : (DefaultNamespace, name);

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
