using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Kubernetes.Resources;
using Ambient.Playground.Api.Documents;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>Objects as users write them, read as the control plane reads them.</summary>
internal static class Written
{
    /// <param name="name">As in <see cref="Objects"/>.</param>
    /// <param name="spec">YAML.</param>
    public static T Object<T>(ResourceType<T> type, string name, string spec, string annotations = "", int age = 0, string labels = "") where T : KubernetesObject
    {
        var json = new JsonObject
        {
            ["metadata"] = JsonSerializer.SerializeToNode(Objects.Meta(name, labels, annotations, age), KubernetesJson.Default.ObjectMeta),
            ["spec"] = Yaml.ParseAll(spec).Single().DeepClone(),
        };
        return json.Deserialize(type.Json)!;
    }

    public static HttpRoute Http(string name, string spec, string annotations = "", int age = 0) => Object(ResourceTypes.HttpRoute, name, spec, annotations, age);

    public static GrpcRoute Calls(string name, string spec) => Object(ResourceTypes.GrpcRoute, name, spec);

    /// <summary>An HTTPRoute on the service <c>web</c> with one rule, to <c>web:80</c> unless it says otherwise.</summary>
    /// <param name="rule">YAML in flow style, without the braces.</param>
    public static HttpRoute Rule(string rule, string name = "r") => Http(name,
        $"{{parentRefs: [{{group: '', kind: Service, name: web}}], rules: [{{{rule}{(rule.Contains("backendRefs", StringComparison.Ordinal) ? "" : (rule.Length > 0 ? ", " : "") + "backendRefs: [{name: web, port: 80}]")}}}]}}");
}
