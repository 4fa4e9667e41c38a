using System.Text;
using System.Text.Json;
using Ambient.Lab.Network;

namespace Ambient.Lab.Mesh;

/// <summary>A pod as the node agent's pod files describe it.</summary>
internal static class PodDescription
{
    public static string Write(LabPod pod, IEnumerable<KeyValuePair<string, string>> annotations)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("uid", pod.Uid);
            json.WriteString("name", pod.Name);
            json.WriteString("namespace", pod.MeshNamespace);
            json.WriteString("serviceAccount", pod.ServiceAccount);
            json.WriteString("netns", pod.NamespacePath);
            json.WriteStartArray("addresses");
            json.WriteStringValue($"{pod.Address.V4}");
            json.WriteStringValue($"{pod.Address.V6}");
            json.WriteEndArray();
            json.WriteStartObject("annotations");
            foreach (var (name, value) in annotations) json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
