using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Configuration;

/// <summary>Label selectors within settings that are written in YAML.</summary>
public static class LabelSelectorYaml
{
    private const int MostEntries = 1000;

    /// <returns>Absent and empty select everything.</returns>
    /// <exception cref="ConfigurationException">It is none; the message names the field.</exception>
    public static LabelSelector Read(YamlTree? selector) => selector switch
    {
        null or YamlTree.Text { Value: "" } => new(),
        YamlTree.Map map => new()
        {
            MatchLabels = Labels(map["matchLabels"]),
            MatchExpressions = [.. Items(map, "matchExpressions").Select(Requirement)],
        },
        _ => throw Wrong("a label selector", "it has neither matchLabels nor matchExpressions"),
    };

    private static Dictionary<string, string>? Labels(YamlTree? labels) => labels switch
    {
        null or YamlTree.Text { Value: "" } => null,
        YamlTree.Map map => map.Entries.ToDictionary(static entry => entry.Key, static entry => TextOf(entry.Value, "matchLabels")),
        _ => throw Wrong("matchLabels", "not a map"),
    };

    private static LabelRequirement Requirement(YamlTree requirement)
    {
        var (key, operation) = (requirement.TextAt("key"), requirement.TextAt("operator"));
        if (key is null || operation is not ("In" or "NotIn" or "Exists" or "DoesNotExist"))
            throw Wrong("matchExpressions", "an expression needs a key and an operator: In, NotIn, Exists or DoesNotExist");
        return new(key, operation, [.. Items(requirement, "values").Select(static value => TextOf(value, "values"))]);
    }

    private static IReadOnlyList<YamlTree> Items(YamlTree map, string field) => map[field] switch
    {
        null or YamlTree.Text { Value: "" } => [],
        YamlTree.List { Items.Count: > MostEntries } => throw Wrong(field, $"more than {MostEntries} entries"),
        YamlTree.List list => list.Items,
        _ => throw Wrong(field, "not a list"),
    };

    private static string TextOf(YamlTree value, string field) =>
        value is YamlTree.Text text ? text.Value : throw Wrong(field, "a value that is not a text");

    private static ConfigurationException Wrong(string field, string problem) => new($"{field}: {problem}");
}
