using System.Text.Json;
using Ambient.MeshProxy.Options;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.MeshProxy.Discovery;

/// <summary>How this proxy introduces itself to the control plane.</summary>
public static class NodeDescription
{
    /// <summary>Deeper JSON than that is refused when the options are read.</summary>
    private const int MaxDepth = 64;

    /// <param name="kind">What comes first in the id: <c>ztunnel</c> or <c>waypoint</c>.</param>
    public static Protos.Xds.Node Of(string kind, NodeOptions node)
    {
        var (name, ns) = (node.PodName ?? "", node.PodNamespace ?? "");
        var metadata = new Struct();
        foreach (var (key, value) in Texts(node, name, ns)) metadata.Fields[key] = Value.ForString(value);
        foreach (var (key, json) in node.JsonMetadata)
        {
            using var document = JsonDocument.Parse(json, new() { MaxDepth = MaxDepth });
            metadata.Fields[key] = ToValue(document.RootElement);
        }
        // The suffix is fixed, whatever the cluster's domain.
        return new() { Id = $"{kind}~{node.InstanceIp}~{name}.{ns}~{ns}.svc.cluster.local", Metadata = metadata };
    }

    private static IEnumerable<KeyValuePair<string, string>> Texts(NodeOptions node, string name, string ns) =>
    [
        new("NAME", name),
        new("NAMESPACE", ns),
        new("INSTANCE_IPS", node.InstanceIp),
        new("NODE_NAME", node.NodeName ?? ""),
        .. node.Metadata,
    ];

    private static Value ToValue(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => Value.ForStruct(ToStruct(json)),
        JsonValueKind.Array => Value.ForList([.. json.EnumerateArray().Select(ToValue)]),
        JsonValueKind.String => Value.ForString(json.GetString()),
        JsonValueKind.Number => Value.ForNumber(json.GetDouble()),
        JsonValueKind.True => Value.ForBool(true),
        JsonValueKind.False => Value.ForBool(false),
        _ => Value.ForNull(),
    };

    private static Struct ToStruct(JsonElement json)
    {
        var fields = new Struct();
        foreach (var property in json.EnumerateObject()) fields.Fields[property.Name] = ToValue(property.Value);
        return fields;
    }
}
