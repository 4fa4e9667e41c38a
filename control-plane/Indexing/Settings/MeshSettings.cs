using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Settings;

/// <summary>All settings of the moment: options, the mesh's configuration, and the network this cluster is in.</summary>
/// <param name="Network">Empty for the default network.</param>
internal sealed record MeshSettings(IndexOptions Options, MeshConfig Config, string Network)
{
    public string RootNamespace => Config.RootNamespace;

    /// <summary>True if objects of that namespace are seen at all. The root namespace always is: its policies hold everywhere.</summary>
    /// <param name="arrived">False while the namespace object itself is not known: then no selector selects it.</param>
    public bool Includes(string name, bool arrived, IReadOnlyDictionary<string, string>? labels) =>
        Config.DiscoverySelectors.Count == 0 || name == RootNamespace || name == Options.SystemNamespace
        || (arrived && Config.DiscoverySelectors.Any(selector => selector.Selects(labels)));

    /// <summary>True unless the object's label leaves it to another revision's control plane.</summary>
    public bool IsOurs(KubernetesObject value) => Options.Owns(value);

    public EntryVisibility VisibilityIn(IReadOnlyDictionary<string, string>? namespaceLabels)
    {
        if (Config.ServiceEntryVisibility is not { } policy) return EntryVisibility.Public;
        foreach (var rule in policy.Rules)
            if (rule.Namespaces.IsEmpty || rule.Namespaces.Any(selector => selector.Selects(namespaceLabels))) return rule.Visibility;
        return policy.Default;
    }
}

/// <summary>What objects inherit from their namespace.</summary>
internal sealed record NamespaceFacts(
    string Name, IReadOnlyDictionary<string, string>? Labels = null, IReadOnlyDictionary<string, string>? Annotations = null)
{
    public string? Label(string key) => Labels?.GetValueOrDefault(key);

    public string? Annotation(string key) => Annotations?.GetValueOrDefault(key);
}
