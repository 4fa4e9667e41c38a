using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>An object of which every field matters, not only those that we know: metadata as for all, the rest as JSON.</summary>
public sealed record UnstructuredObject : KubernetesObject
{
    /// <summary>Everything beside <c>apiVersion</c>, <c>kind</c> and <c>metadata</c>. Not to be changed: it may be read by several threads.</summary>
    [JsonExtensionData]
    public JsonObject? Fields { get; set; }

    /// <summary>The whole object; a copy.</summary>
    public JsonObject ToDocument()
    {
        var document = (JsonObject?)Fields?.DeepClone() ?? [];
        document["metadata"] = JsonSerializer.SerializeToNode(Metadata, KubernetesJson.Default.ObjectMeta);
        return document;
    }
}
