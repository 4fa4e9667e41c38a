using System.Text.Json.Nodes;
using Ambient.Deploy.Charts;
using Ambient.Playground.Api.Documents;

namespace Ambient.Deploy.Tests;

/// <summary>The files that these tests look at.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    public static string ChartFolder => PathOf("deploy/charts/ambient");

    public static string ManifestFile => PathOf("deploy/manifests/ambient.yaml");

    /// <summary>The objects of the manifest that is kept in the repository.</summary>
    public static IReadOnlyList<JsonObject> Manifest() => [.. Yaml.ParseAll(File.ReadAllText(ManifestFile)).Cast<JsonObject>()];

    /// <summary>The objects that the chart gives in a namespace with values other than its own.</summary>
    public static IReadOnlyList<JsonObject> Rendered(string ns, params KeyValuePair<string, string>[] values) => [.. Yaml.ParseAll(new Chart(ChartFolder).Render("ambient", ns, values)).Cast<JsonObject>()];

    public static JsonObject Workload(string kind, string name) =>
        Manifest().Single(document => document["kind"]!.GetValue<string>() == kind && document["metadata"]!["name"]!.GetValue<string>() == name);

    public static string PathOf(string path) => Path.Combine(Root, path);

    private static string Find()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Ambient.sln"))) return directory;
        throw new DirectoryNotFoundException($"No Ambient.sln above {AppContext.BaseDirectory}: run the tests where they were built.");
    }
}
