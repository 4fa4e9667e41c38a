using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using static Ambient.Playground.Api.Tables.TableColumns;

namespace Ambient.Playground.Api.Tables;

/// <summary>Columns of the smaller groups.</summary>
internal sealed class ClusterColumns(TableColumns columns)
{
    public IEnumerable<KeyValuePair<string, TableColumn[]>> All =>
    [
        new("endpointslices.discovery.k8s.io", [Name, Path("AddressType", "addressType"), Text("Ports", SlicePorts), Text("Endpoints", SliceEndpoints), columns.Age]),
        new("leases.coordination.k8s.io", [Name, Text("Holder", lease => lease.Text("spec", "holderIdentity") ?? ""), columns.Age]),
        new("customresourcedefinitions.apiextensions.k8s.io", [Name, Text("Created At", definition => definition.At("metadata", "creationTimestamp")?.DeepClone())]),
        new("roles.rbac.authorization.k8s.io", [Name, Text("Created At", role => role.At("metadata", "creationTimestamp")?.DeepClone())]),
        new("clusterroles.rbac.authorization.k8s.io", [Name, Text("Created At", role => role.At("metadata", "creationTimestamp")?.DeepClone())]),
        new("rolebindings.rbac.authorization.k8s.io", Binding()),
        new("clusterrolebindings.rbac.authorization.k8s.io", Binding()),
        new("networkpolicies.networking.k8s.io", [Name, Text("Pod-Selector", policy => Selection.LabelSelector.Read(policy.ObjectAt("spec", "podSelector")).ToString() is { Length: > 0 } text ? text : "<none>"), columns.Age]),
        new("priorityclasses.scheduling.k8s.io", [Name, Number("Value", priority => priority.Number("value") ?? 0), new("Global-Default", "boolean", 0, priority => priority.Flag("globalDefault")), columns.Age]),
    ];

    private TableColumn[] Binding() =>
    [
        Name, Text("Role", binding => $"{binding.Text("roleRef", "kind")}/{binding.Text("roleRef", "name")}"), columns.Age,
        Text("Users", binding => Subjects(binding, "User"), 1), Text("Groups", binding => Subjects(binding, "Group"), 1), Text("ServiceAccounts", binding => Subjects(binding, "ServiceAccount"), 1),
    ];

    private static JsonNode Subjects(JsonObject binding, string kind) => string.Join(", ", binding.ObjectsAt("subjects").Where(subject => subject.Text("kind") == kind)
        .Select(subject => kind == "ServiceAccount" ? $"{subject.Text("namespace")}/{subject.Text("name")}" : subject.Text("name")));

    private static JsonNode SlicePorts(JsonObject slice) => Some(slice.ObjectsAt("ports").Select(port => port.Number("port")?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "*"), "<unset>");

    private static JsonNode SliceEndpoints(JsonObject slice) => Some(slice.ObjectsAt("endpoints").SelectMany(endpoint => endpoint.TextsAt("addresses")), "<unset>");

    private static string Some(IEnumerable<string> values, string none)
    {
        var all = values.ToList();
        return all.Count == 0 ? none : all.Count <= 3 ? string.Join(',', all) : $"{string.Join(',', all.Take(3))} + {all.Count - 3} more...";
    }
}
