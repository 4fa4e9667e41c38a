using System.Text;
using System.Text.Json;

namespace Ambient.CniPlugin.Tests;

/// <summary>One call of the plugin by a container runtime; the defaults are an ordinary pod's ADD.</summary>
internal sealed class Invocation
{
    public const string PreviousResult =
        """{"cniVersion":"1.0.0", "ips":[{"interface":1,"address":"10.0.0.5/24","gateway":"10.0.0.1"},{"address":"fd00::5/64"}],"x-unknown":[1, 2 ]}""";

    /// <summary>The namespace is any that is not the one which the tests run in: the plugin compares it and no more.</summary>
    public Dictionary<string, string> Variables { get; } = new()
    {
        ["CNI_COMMAND"] = "ADD",
        ["CNI_CONTAINERID"] = "sandbox-1",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_NETNS"] = "/proc/self/ns/mnt",
        ["CNI_ARGS"] = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_UID=uid-1",
        ["CNI_PATH"] = "/opt/cni/bin",
    };

    public string Version { get; init; } = "1.1.0";

    public string RunDirectory { get; init; } = "/nowhere";

    /// <summary>Further fields of the configuration, each followed by a comma.</summary>
    public string More { get; init; } = $"\"prevResult\":{PreviousResult},";

    public List<string> Warnings { get; } = [];

    public Invocation With(string name, string value)
    {
        Variables[name] = value;
        return this;
    }

    public (JsonElement Output, string Text, int ExitCode) Run(string? configuration = null)
    {
        configuration ??= $$"""{{{More}}"cniVersion":"{{Version}}","name":"n","type":"ambient-cni","cni_agent_run_dir":"{{RunDirectory}}","exclude_namespaces":["kube-system"],"pod_namespace":"mesh-agents"}""";
        var answer = new Plugin(TimeProvider.System, Warnings.Add).Run(
            new CniVariables(name => Variables.GetValueOrDefault(name)), new MemoryStream(Encoding.UTF8.GetBytes(configuration)));
        var text = Encoding.UTF8.GetString(answer.Output);
        return (text.Length > 0 ? JsonDocument.Parse(text).RootElement : default, text, answer.ExitCode);
    }
}
