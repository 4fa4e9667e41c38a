using System.Text.Json.Nodes;
using Ambient.CniAgent.PodWatch;

namespace Ambient.CniAgent.Install;

/// <summary>What the CNI configuration tells our plugin; the plugin knows nothing else.</summary>
/// <param name="RunDirectory">On the node.</param>
internal sealed record PluginEntry(string RunDirectory, string AgentNamespace, string SystemNamespace, IReadOnlyList<string> ExcludedNamespaces)
{
    public static PluginEntry Of(ClusterOptions options) => new(
        options.RunDirectory, options.AgentNamespace, options.SystemNamespace, [.. options.ExcludedNamespaces.Order(StringComparer.Ordinal)]);

    public JsonObject ToJson() => new()
    {
        ["type"] = ConflistEditor.PluginType,
        ["cni_agent_run_dir"] = RunDirectory,
        ["pod_namespace"] = AgentNamespace,
        ["system_namespace"] = SystemNamespace,
        ["exclude_namespaces"] = new JsonArray([.. ExcludedNamespaces.Select(name => (JsonNode)JsonValue.Create(name))]),
    };
}
