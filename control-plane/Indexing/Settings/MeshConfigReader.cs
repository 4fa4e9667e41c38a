using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Settings;

/// <summary>Reads Istio's mesh configuration (YAML). Of what the index does not use, only what users might rely on is told.</summary>
internal static class MeshConfigReader
{
    private const int LongestText = 1 << 20, LongestName = 253, MostRules = 1000, MostAliases = 16;

    /// <returns>Null if it cannot be used as a whole; <paramref name="findings"/> says why. Half a configuration is never used.</returns>
    public static MeshConfig? Read(string text, IndexOptions options, Findings findings)
    {
        try
        {
            if (text.Length > LongestText) throw new ConfigurationException($"it has {text.Length} characters, at most {LongestText} are read");
            return YamlTree.Parse(text, "data.mesh") switch
            {
                null => MeshConfig.DefaultFor(options),
                YamlTree.Map map => Read(map, options, findings),
                _ => throw new ConfigurationException("it is not a map of settings"),
            };
        }
        catch (ConfigurationException e)
        {
            findings.Add("data.mesh", $"{e.Message}. The last good configuration stays in force.", "Correct it: kubectl edit configmap.");
            return null;
        }
    }

    private static MeshConfig Read(YamlTree.Map map, IndexOptions options, Findings findings)
    {
        var config = Read(map, options);
        UnhonouredSettings.Tell(map, findings);
        return config;
    }

    private static MeshConfig Read(YamlTree.Map map, IndexOptions options) => new()
    {
        RootNamespace = Name(map, "rootNamespace") ?? options.SystemNamespace,
        TrustDomain = Name(map, "trustDomain") ?? options.TrustDomain,
        TrustDomainAliases = Aliases(map),
        DiscoverySelectors = Selectors(map, "discoverySelectors"),
        ServiceEntryVisibility = map["serviceEntryVisibility"] is YamlTree.Map visibility ? Visibility(visibility) : null,
        Telemetry = MeshTelemetryReader.Read(map),
    };

    private static string? Name(YamlTree map, string field)
    {
        var text = map.TextAt(field);
        if (text is null && map[field] is not (null or YamlTree.Text)) throw Wrong(field, "not a text");
        if (text is { Length: > LongestName } || text?.Contains('/') == true)
            throw Wrong(field, $"{Findings.Quote(text)}, which has a '/' or more than {LongestName} characters");
        return text;
    }

    private static EquatableArray<string> Aliases(YamlTree.Map map)
    {
        const string field = "trustDomainAliases";
        var names = Items(map, field).Select(static name => TextOf(name, field)).Distinct().ToEquatableArray();
        if (names.Count > MostAliases) throw Wrong(field, $"{names.Count} names, at most {MostAliases} are read");
        return names.FirstOrDefault(static name => name.Length is 0 or > LongestName || name.AsSpan().ContainsAny('/', '*')) is not { } wrong
            ? names
            : throw Wrong(field, $"{Findings.Quote(wrong)} is no trust domain: it is empty, has a '/' or '*', or more than {LongestName} characters");
    }

    private static VisibilityPolicy Visibility(YamlTree.Map map) => new(
        VisibilityOf(map, "defaultVisibility") ?? EntryVisibility.Public,
        Items(map, "policies").Select(static rule => new VisibilityRule(
            VisibilityOf(rule, "visibility") ?? EntryVisibility.Public,
            Items(rule, "matchingRules").Select(static match => LabelSelectorYaml.Read(match["namespaceSelector"])).ToEquatableArray()))
        .ToEquatableArray());

    private static EntryVisibility? VisibilityOf(YamlTree map, string field) => map.TextAt(field) switch
    {
        null or "UNSPECIFIED" => null,
        "PUBLIC" => EntryVisibility.Public,
        "NAMESPACE" => EntryVisibility.Namespace,
        "NONE" => EntryVisibility.None,
        var other => throw Wrong(field, $"{Findings.Quote(other)}; allowed are PUBLIC, NAMESPACE and NONE"),
    };

    private static LabelSelector[] Selectors(YamlTree map, string field) => [.. Items(map, field).Select(LabelSelectorYaml.Read)];

    private static IReadOnlyList<YamlTree> Items(YamlTree map, string field) => map[field] switch
    {
        null or YamlTree.Text { Value: "" } => [],
        YamlTree.List { Items.Count: > MostRules } => throw Wrong(field, $"more than {MostRules} entries"),
        YamlTree.List list => list.Items,
        _ => throw Wrong(field, "not a list"),
    };

    private static string TextOf(YamlTree value, string field) =>
        value is YamlTree.Text text ? text.Value : throw Wrong(field, "a value that is not a text");

    private static ConfigurationException Wrong(string field, string problem) => new($"{field}: {problem}");
}
