using System.Globalization;
using System.Text;

namespace Ambient.Lab.Mesh;

/// <summary>The mesh as the node proxies read it from a file: the established format of local configuration.</summary>
public static class MeshFile
{
    /// <param name="revision">Becomes the name of a service without address, by which one sees that a proxy has read this file.</param>
    public static string Write(IEnumerable<MeshWorkload> workloads, IReadOnlyList<MeshService> services, IReadOnlyList<MeshPolicy> policies, string revision)
    {
        var text = new StringBuilder();
        Section(text, "workloads", workloads, (entry, workload) => WriteWorkload(entry, workload, services));
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
        entry.Line($"workloadIps: [\"{pod.Address.V4}\", \"{pod.Address.V6}\"]");
        entry.Line($"protocol: {(workload.Enrolled ? "HBONE" : "TCP")}");
        entry.Line($"node: {pod.Node.Name}");
        entry.Line($"clusterId: Kubernetes");
        entry.Line($"workloadName: {pod.Name}");
        entry.Line($"canonicalName: {pod.Name}");
        entry.Line($"canonicalRevision: v1");
        if (!workload.Healthy) entry.Line($"status: Unhealthy");
        if (workload.Waypoint is { } waypoint) WriteWaypoint(entry, waypoint);
        if (workload.Policies.Count > 0) entry.Line($"authorizationPolicies: [{string.Join(", ", workload.Policies)}]");
        var memberships = services.Where(service => service.Pods.Contains(pod)).Select(service => $"{service.Namespace}/{service.Hostname}: {Ports(service)}");
        entry.Line($"services: {{{string.Join(", ", memberships)}}}");
    }

    private static void WriteService(Entry entry, MeshService service)
    {
        entry.Line($"name: {service.Name}");
        entry.Line($"namespace: {service.Namespace}");
        entry.Line($"hostname: {service.Hostname}");
        entry.Line($"vips: [{string.Join(", ", service.Addresses.Select(address => $"\"/{address}\""))}]");
        entry.Line($"ports: {Ports(service)}");
        if (service.Waypoint is { } waypoint) WriteWaypoint(entry, waypoint);
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

    private static void WriteWaypoint(Entry entry, string destination) =>
        entry.Line($"waypoint: {{destination: \"{destination}\", hboneMtlsPort: 15008}}");

    private static string Ports(MeshService service) =>
        $"{{{string.Join(", ", service.Ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Key}: {port.Value}")))}}}";

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
