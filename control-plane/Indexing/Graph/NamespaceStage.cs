using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Namespaces, and the settings of the whole mesh.</summary>
internal sealed class NamespaceStage(MeshGraph graph)
{
    private readonly IndexOptions _options = graph.Settings.Options;
    private ConfigMap? _config;
    private bool _configChanged;

    public void Set(Namespace value) => Replace(value.Metadata.Name, value);

    public void Remove(string name) => Replace(name, null);

    /// <param name="value">Null once it is gone: then the defaults hold.</param>
    public void SetConfig(ConfigMap? value)
    {
        _config = value;
        _configChanged = true;
    }

    public bool IsConfig(ObjectName name) => name.Namespace == _options.SystemNamespace && name.Name == _options.ConfigMapName;

    public void Rebuild()
    {
        RebuildSettings();
        foreach (var node in graph.Queue.Namespaces) Rebuild(node);
        graph.Queue.Namespaces.Clear();
    }

    private void Replace(string name, Namespace? value)
    {
        var node = graph.NamespaceOf(name);
        var isSame = node.Object is { } before && value is not null
            && Same(before.Metadata.Labels, value.Metadata.Labels) && Same(before.Metadata.Annotations, value.Metadata.Annotations);
        node.Object = value;
        if (!isSame) graph.Queue.Add(node);
    }

    private void RebuildSettings()
    {
        var before = graph.Settings;
        var network = _options.NetworkOf(graph.Namespaces.GetValueOrDefault(_options.SystemNamespace)?.Object);
        var config = _configChanged ? ReadConfig() : before.Config;
        _configChanged = false;
        if (network == before.Network && ReferenceEquals(config, before.Config)) return;

        graph.Settings = before with { Network = network, Config = config };
        foreach (var node in graph.Namespaces.Values) graph.Queue.Add(node);
        foreach (var gateway in graph.Gateways.Values) graph.Queue.Add(gateway);
    }

    private MeshConfig ReadConfig()
    {
        var findings = new Findings("ConfigMap", new(_options.SystemNamespace, _options.ConfigMapName));
        var read = _config?.Data?.GetValueOrDefault("mesh") is { } text
            ? MeshConfigReader.Read(text, _options, findings)
            : MeshConfig.DefaultFor(_options);
        graph.Log.Report(this, findings);
        return read ?? graph.Settings.Config;
    }

    private void Rebuild(NamespaceNode node)
    {
        node.IsQueued = false;
        var meta = node.Object?.Metadata;
        node.Facts = new(node.Name, meta?.Labels, meta?.Annotations);
        node.IsIncluded = graph.Settings.Includes(node.Name, node.Object is not null, meta?.Labels);

        ObjectName[] references = [.. WaypointResolver.NamedBy(meta?.Labels, node.Name)];
        graph.List(node, node.WaypointReferences, references);
        node.WaypointReferences = references;

        graph.QueueMembers(node);
        foreach (var gateway in node.Gateways) graph.Queue.Add(gateway);
        foreach (var policy in node.Policies) graph.Queue.Add(policy);
        foreach (var peer in node.Peers) graph.Queue.Add(peer);
        foreach (var traffic in node.Traffic) graph.Queue.Add(traffic);
        graph.DropIfEmpty(node);
    }

    private static bool Same(IReadOnlyDictionary<string, string>? left, IReadOnlyDictionary<string, string>? right)
    {
        if ((left?.Count ?? 0) != (right?.Count ?? 0)) return false;
        foreach (var (key, value) in left ?? new Dictionary<string, string>())
            if (!right!.TryGetValue(key, out var other) || other != value) return false;
        return true;
    }
}
