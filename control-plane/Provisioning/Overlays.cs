using System.Text.Json.Nodes;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>What users want otherwise of the objects that we make: ConfigMaps with a document for each kind of object, laid over ours in order.</summary>
internal sealed class Overlays
{
    public const string Deployment = "deployment", Service = "service", ServiceAccount = "serviceAccount",
        Autoscaler = "horizontalPodAutoscaler", DisruptionBudget = "podDisruptionBudget";

    private const int LongestText = 256 * 1024;
    private static readonly string[] Keys = [Deployment, Service, ServiceAccount, Autoscaler, DisruptionBudget];

    // What ties an object to its gateway, and to its pods.
    private static readonly string[][] Fixed =
    [
        ["apiVersion"], ["kind"], ["metadata", "name"], ["metadata", "namespace"], ["metadata", "ownerReferences"], ["spec", "selector"], ["spec", "scaleTargetRef"],
    ];

    private readonly List<(string Source, string Key, JsonObject Document)> _documents = [];

    /// <exception cref="ConfigurationException">The map has other keys than those known, or text that is not an object's.</exception>
    public void Add(ConfigMap map)
    {
        foreach (var (key, text) in map.Data ?? new Dictionary<string, string>())
        {
            var source = $"ConfigMap {ObjectName.Of(map)}, data.{key}";
            if (!Keys.Contains(key)) throw new ConfigurationException($"{source}: there is no such object; known are {string.Join(", ", Keys)}");
            if (text.Length > LongestText) throw new ConfigurationException($"{source} has {text.Length} characters, at most {LongestText} are read");
            var document = YamlDocument.Parse(text, source);
            if (Array.Find(Fixed, path => Says(document, path)) is { } path)
                throw new ConfigurationException($"{source}: {string.Join('.', path)} cannot be changed; leave it out");
            _documents.Add((source, key, document));
        }
    }

    /// <summary>Some objects are made only if they are mentioned.</summary>
    public bool Mention(string key) => _documents.Exists(one => one.Key == key);

    /// <exception cref="ConfigurationException">An overlay cannot be laid over the object.</exception>
    public void ApplyTo(JsonObject document, string key)
    {
        foreach (var one in _documents.Where(one => one.Key == key))
        {
            try { Overlay.Apply(document, one.Document); }
            catch (ConfigurationException error) { throw new ConfigurationException($"{one.Source}: {error.Message}", error); }
        }
    }

    // Also if it says null, which would remove it.
    private static bool Says(JsonObject document, string[] path)
    {
        foreach (var name in path[..^1])
        {
            if (document[name] is not JsonObject inner) return false;
            document = inner;
        }

        return document.ContainsKey(path[^1]);
    }
}
