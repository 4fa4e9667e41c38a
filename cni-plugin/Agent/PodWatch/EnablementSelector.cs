using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;

namespace Ambient.CniAgent.PodWatch;

/// <summary>Pods of such labels in namespaces of such labels are to be in the mesh.</summary>
internal sealed record EnablementSelector(LabelSelector Pod, LabelSelector Namespace)
{
    public const string ModeLabel = "istio.io/dataplane-mode";

    private const int MaxSelectors = 64;

    /// <summary>The pod's own label says so or not; without one its namespace's does.</summary>
    public static readonly IReadOnlyList<EnablementSelector> Default =
    [
        new(Mode("In", "ambient"), new()),
        new(Mode("NotIn", "none"), Mode("In", "ambient")),
    ];

    /// <summary>Reads a YAML list of <c>podSelector</c> and <c>namespaceSelector</c>, either of which may be absent: it then selects all.</summary>
    /// <exception cref="ConfigurationException">Not such a list, or more than 64 of them.</exception>
    public static IReadOnlyList<EnablementSelector> Parse(string yaml) => YamlTree.Parse(yaml, "the list of selectors") switch
    {
        YamlTree.List { Items.Count: > 0 and <= MaxSelectors } list => [.. list.Items.Select(Read)],
        YamlTree.List { Items.Count: > MaxSelectors } => throw new ConfigurationException($"more than {MaxSelectors} selectors"),
        _ => throw new ConfigurationException("not a list of podSelector and namespaceSelector"),
    };

    /// <param name="namespaceLabels">Of the pod's namespace.</param>
    public bool Selects(Pod pod, IReadOnlyDictionary<string, string>? namespaceLabels) =>
        Pod.Selects(pod.Metadata.Labels) && Namespace.Selects(namespaceLabels);

    private static EnablementSelector Read(YamlTree pair) => pair is YamlTree.Map map && map.Entries.Keys.All(static key => key is "podSelector" or "namespaceSelector")
        ? new(LabelSelectorYaml.Read(map["podSelector"]), LabelSelectorYaml.Read(map["namespaceSelector"]))
        : throw new ConfigurationException("an entry is no pair of podSelector and namespaceSelector");

    private static LabelSelector Mode(string operation, string value) => new() { MatchExpressions = [new(ModeLabel, operation, [value])] };
}
