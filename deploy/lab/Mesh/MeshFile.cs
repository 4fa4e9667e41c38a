using System.Globalization;
using System.Text;
using Ambient.Lab.Network;

namespace Ambient.Lab.Mesh;

/// <summary>The mesh as the node proxies read it from a file: the established format of local configuration.</summary>
public static class MeshFile
{
    /// <param name="proxies">Nodes whose proxies are workloads of the mesh as well.</param>
    /// <param name="revision">Becomes the name of a service without address, by which one sees that a proxy has read this file.</param>
    public static string Write(IEnumerable<MeshWorkload> workloads, IEnumerable<LabNode> proxies, IReadOnlyList<MeshService> services, IReadOnlyList<MeshPolicy> policies, string revision)
    {
        var text = new StringBuilder();
        Section(text, "workloads", workloads.Cast<object>().Concat(proxies), (entry, item) =>
        {
            if (item is LabNode node) WriteProxy(entry, node);
            else WriteWorkload(entry, (MeshWorkload)item, services);
        });
        Section(text, "services", services.Append(Marker(revision)), WriteService);
        Section(text, "policies", policies, WritePolicy);
        return text.ToString();
    }

    private static MeshService Marker(string revision) => new(revision, "lab", [], new Dictionary<int, int> { [1] = 1 }, []);

    private static void WriteWorkload(Entry entry, MeshWorkload workload, IReadOnlyList<MeshService> services)
    {
        var pod = workload.Pod;
        entry.Line($"uid: {pod.Uid}");
        entry.Line($"name: {pod.Name}");
        entry.Line($"namespace: {pod.MeshNamespace}");
        entry.Line($"serviceAccount: {pod.ServiceAccount}");
        entry.Line($"trustDomain: {workload.TrustDomain}");
        entry.Line(workload.Hostname is null ? $"workloadIps: [\"{pod.Address.V4}\", \"{pod.Address.V6}\"]" : "workloadIps: []");
        if (workload.Hostname is { } hostname) entry.Line($"hostname: {hostname}");
        entry.Line($"protocol: {(workload.Enrolled ? "HBONE" : "TCP")}");
        entry.Line($"node: {pod.Node.Name}");
        entry.Line($"clusterId: Kubernetes");
        entry.Line($"workloadName: {pod.Name}");
        entry.Line($"canonicalName: {pod.Name}");
        entry.Line($"canonicalRevision: v1");
        if (!workload.Healthy) entry.Line($"status: Unhealthy");
        if (workload.Waypoint is { } waypoint) WriteGateway(entry, "waypoint", waypoint);
        if (workload.Network.Length > 0) entry.Line($"network: {workload.Network}");
        if (workload.NetworkGateway is { } gateway) WriteGateway(entry, "networkGateway", gateway);
        if (workload.ApplicationTunnel is { } tunnel) entry.Line($"applicationTunnel: {tunnel}");
        if (workload.Policies.Count > 0) entry.Line($"authorizationPolicies: [{string.Join(", ", workload.Policies)}]");
        var memberships = services.Where(service => service.Pods.Contains(pod)).Select(service => $"{service.Namespace}/{service.Hostname}: {Ports(service.NamedPorts.GetValueOrDefault(pod, service.Ports))}");
        entry.Line($"services: {{{string.Join(", ", memberships)}}}");
    }

    // As NodePrograms introduces it.
    private static void WriteProxy(Entry entry, LabNode node)
    {
        entry.Line($"uid: lab//Pod/istio-system/ztunnel-{node.Name}");
        entry.Line($"name: ztunnel-{node.Name}");
        entry.Line($"namespace: istio-system");
        entry.Line($"serviceAccount: ztunnel");
        entry.Line($"trustDomain: cluster.local");
        entry.Line($"workloadIps: [\"{node.Address.V4}\", \"{node.Address.V6}\"]");
        entry.Line($"protocol: HBONE");
        entry.Line($"node: {node.Name}");
        entry.Line($"services: {{}}");
    }

    private static void WriteService(Entry entry, MeshService service)
    {
        entry.Line($"name: {service.Name}");
        entry.Line($"namespace: {service.Namespace}");
        entry.Line($"hostname: {service.Hostname}");
        entry.Line($"vips: [{string.Join(", ", service.Addresses.Select(address => $"\"/{address}\""))}]");
        entry.Line($"ports: {Ports(service.Ports)}");
        if (service.Identities.Count > 0) entry.Line($"subjectAltNames: [{string.Join(", ", service.Identities.Select(identity => $"\"{identity}\""))}]");
        if (service.Waypoint is { } waypoint) WriteGateway(entry, "waypoint", waypoint);
    }

    private static void WritePolicy(Entry entry, MeshPolicy policy)
    {
        entry.Line($"name: {policy.Name}");
        entry.Line($"namespace: {policy.Namespace}");
        entry.Line($"scope: {policy.Scope}");
        entry.Line($"action: {policy.Action}");
        entry.Line($"dryRun: false");
        entry.Line($"rules: {policy.Rules}");
    }

    private static void WriteGateway(Entry entry, string role, string destination) =>
        entry.Line($"{role}: {{destination: \"{destination}\", hboneMtlsPort: 15008}}");

    private static string Ports(IReadOnlyDictionary<int, int> ports) =>
        $"{{{string.Join(", ", ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Key}: {port.Value}")))}}}";

    private static void Section<T>(StringBuilder text, string name, IEnumerable<T> items, Action<Entry, T> write)
    {
        var all = items.ToList();
        text.Append(name).Append(all.Count == 0 ? ": []\n" : ":\n");
        foreach (var item in all) write(new Entry(text), item);
    }

    // One item of a list: its first line begins with a dash.
    private sealed class Entry(StringBuilder text)
    {
        private string _indent = "- ";

        public void Line(string line)
        {
            text.Append("  ").Append(_indent).Append(line).Append('\n');
            _indent = "  ";
        }
    }
}
